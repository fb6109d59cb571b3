/**
 * /proc/<pid>/smaps, as a stream of bytes into mappings.
 *
 * Rule: lines of a kind that is not known are passed over, and a field that this kernel lacks is null: kernels differ, and
 * those that only look like Linux differ more.
 */

/** One mapping. */
export interface MemoryMapping {
  readonly start: number
  readonly end: number
  /** `rw-p`; the fourth letter is s for shared. */
  readonly perms: string
  /** 0 where no file is behind it. */
  readonly inode: number
  /** The file's path, a name in brackets, or empty. */
  readonly path: string
  rssBytes: number
  swapBytes: number
  /** Flags that matter here; null where this kernel shows none. */
  flags: MappingFlags | null
}

/** Of the line VmFlags. */
export interface MappingFlags {
  /** `dc`: kept from forks (MADV_DONTFORK), as V8 does with every mapping of its own. */
  readonly isKeptFromForks: boolean
  /** `nr`: no swap is reserved for it (MAP_NORESERVE), as allocators map address space ahead of its use. */
  readonly isUnreserved: boolean
  /** `nh`: no huge pages, as recent kernels treat the stacks of threads (MAP_STACK). */
  readonly isWithoutHugePages: boolean
}

const NEWLINE = 10
const [LETTER_A, LETTER_Z] = [65, 90]

/** Takes the bytes as they come and keeps the mappings. */
export class SmapsParser {
  readonly #mappings: MemoryMapping[] = []
  #torn: Buffer = Buffer.alloc(0)
  /** A torn line with the chunk that follows it, used again for each: what is read is memory, and adds none to it. */
  #joined: Buffer = Buffer.alloc(0)

  /** The next bytes, cut anywhere; they may be overwritten afterwards. */
  write(chunk: Buffer): void {
    const bytes = this.#torn.length === 0 ? chunk : this.#join(chunk)
    let from = 0
    // Twenty-odd lines a mapping: a call of indexOf() for each costs three times this loop.
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] !== NEWLINE) continue
      this.#line(bytes, from, at)
      from = at + 1
    }
    this.#torn = Buffer.from(bytes.subarray(from))
  }

  #join(chunk: Buffer): Buffer {
    const length = this.#torn.length + chunk.length
    if (this.#joined.length < length) this.#joined = Buffer.allocUnsafeSlow(2 * length)
    this.#torn.copy(this.#joined)
    chunk.copy(this.#joined, this.#torn.length)
    return this.#joined.subarray(0, length)
  }

  /** All of it, in order of address. */
  end(): readonly MemoryMapping[] {
    if (this.#torn.length > 0) this.#line(this.#torn, 0, this.#torn.length)
    this.#torn = Buffer.alloc(0)
    return this.#mappings
  }

  /** Of some twenty lines a mapping four matter; the others are not made into strings. */
  #line(bytes: Buffer, from: number, to: number): void {
    const first = bytes[from] ?? 0
    if (first < LETTER_A || first > LETTER_Z) {
      const mapping = parseHead(bytes.toString('latin1', from, to))
      if (mapping !== null) this.#mappings.push(mapping)
      return
    }
    const mapping = this.#mappings.at(-1)
    if (mapping === undefined) return
    if (startsWith(bytes, from, RSS)) mapping.rssBytes = kibibytes(bytes, from, to)
    else if (startsWith(bytes, from, SWAP)) mapping.swapBytes = kibibytes(bytes, from, to)
    else if (startsWith(bytes, from, FLAGS)) mapping.flags = parseFlags(bytes.toString('latin1', from, to))
  }
}

const [RSS, SWAP, FLAGS] = ['Rss:', 'Swap:', 'VmFlags:'].map((name) => Buffer.from(name)) as [Buffer, Buffer, Buffer]

function startsWith(bytes: Buffer, from: number, name: Buffer): boolean {
  for (let index = 0; index < name.length; index++) {
    if (bytes[from + index] !== name[index]) return false
  }
  return true
}

/** `start-end perms offset device inode path`; null for a line of another kind. */
function parseHead(line: string): MemoryMapping | null {
  const [, start, end, perms, inode, path = ''] = HEAD.exec(line) ?? []
  if (start === undefined || end === undefined || perms === undefined) return null
  return {
    start: Number.parseInt(start, 16),
    end: Number.parseInt(end, 16),
    perms,
    inode: Number(inode),
    path,
    rssBytes: 0,
    swapBytes: 0,
    flags: null,
  }
}

const HEAD = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) [0-9a-f]+ \S+ (\d+)(?: +([^ ].*)?)?$/

/** The number of a line `Name:   123 kB`; 0 where there is none. */
function kibibytes(bytes: Buffer, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] ?? 0) - 48
    if (digit >= 0 && digit <= 9) number = 10 * number + digit
  }
  return number * 1024
}

function parseFlags(line: string): MappingFlags {
  const flags = line.split(' ')
  return {
    isKeptFromForks: flags.includes('dc'),
    isUnreserved: flags.includes('nr'),
    isWithoutHugePages: flags.includes('nh'),
  }
}
