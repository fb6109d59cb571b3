/**
 * The kernel's facts about a process that is to be attached to, without touching it.
 *
 * Rule: only /proc is read; nothing is sent to the process.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { CacheAttributionError } from '../../support/errors.js'

/** A socket that a process listens on. */
export interface Listener {
  readonly inode: string
  /** `127.0.0.1`, `::1`, `0.0.0.0`, `::`, or another address of the machine. */
  readonly address: string
  readonly port: number
}

/** The namespaces that matter for reaching a process. */
export type NamespaceKind = 'net' | 'mnt' | 'pid'

const SIGUSR1_BIT = 1n << 9n
const STATE_LISTEN = '0A'

/** One process, read anew at each call. */
export class TargetProcess {
  readonly pid: number
  /** Where its files stand, `/proc/<pid>`. */
  readonly folder: string
  /** With the process id it names one process for good: ids are used again. */
  readonly #startedAt: string

  /** @throws CacheAttributionError `ERR_ATTACH_NO_PROCESS` */
  constructor(pid: number) {
    this.pid = pid
    this.folder = `/proc/${String(pid)}`
    const started = this.#stat()?.startedAt
    if (started === undefined) throw noProcess(pid)
    this.#startedAt = started
  }

  /** False once it has ended, even where another process has its id by now. */
  get isAlive(): boolean {
    const stat = this.#stat()
    return stat !== null && stat.startedAt === this.#startedAt && stat.state !== 'Z' && stat.state !== 'X'
  }

  /** The kernel's letter: R, S, D, T (stopped), t (traced), Z (ended). Null once it is gone. */
  get state(): string | null {
    return this.#stat()?.state ?? null
  }

  /** Processor time of the main thread, in ticks of the kernel, and how often it gave its processor up by itself. */
  get mainThread(): { readonly ticks: number; readonly switches: number } {
    const status = this.#text(`task/${String(this.pid)}/status`) ?? ''
    const ticks = statOf(this.#text(`task/${String(this.pid)}/stat`))?.ticks ?? 0
    return { ticks, switches: Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)?.[1] ?? 0) }
  }

  /** Ids of its threads; none once it has ended. */
  threads(): readonly string[] {
    try {
      return readdirSync(`${this.folder}/task`)
    } catch {
      return []
    }
  }

  /** The effective user. */
  get uid(): number | null {
    const uid = /^Uid:\s*\d+\s+(\d+)/m.exec(this.#text('status') ?? '')?.[1]
    return uid === undefined ? null : Number(uid)
  }

  /** Its id in the innermost namespace: what `process.pid` says there. */
  get innerPid(): number {
    const ids = /^NSpid:([\d\s]*?)$/m
      .exec(this.#text('status') ?? '')?.[1]
      ?.trim()
      .split(/\s+/)
    return Number(ids?.at(-1) ?? this.pid)
  }

  /** Whether it has a handler for SIGUSR1. Without one the signal would end it. */
  get catchesSigusr1(): boolean {
    const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(this.#text('status') ?? '')?.[1]
    return caught !== undefined && (BigInt(`0x${caught}`) & SIGUSR1_BIT) !== 0n
  }

  /** The path of its program as it sees it; null where that may not be read. */
  get program(): string | null {
    return link(`${this.folder}/exe`)
  }

  /** Its arguments. A process that writes a title (`process.title`) has that in their place. */
  get arguments(): readonly string[] {
    return zeroed(this.#text('cmdline'))
  }

  /** Whether a title (`process.title`) stands in the place of its arguments, which nobody can read then. */
  get hasTitle(): boolean {
    const text = this.#text('cmdline') ?? ''
    const [first = '', ...others] = zeroed(text)
    // The rest of a longer command line is zeroed.
    if (text.endsWith('\0\0')) return true
    const name = first.slice(first.lastIndexOf('/') + 1)
    return others.length === 0 && name !== 'node' && this.program?.endsWith(`/${name}`) === false
  }

  /** Its environment at the start; null where that may not be read. */
  get environment(): ReadonlyMap<string, string> | null {
    const text = this.#text('environ')
    if (text === null) return null
    return new Map(
      zeroed(text).map((entry) => {
        const at = entry.indexOf('=')
        return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)]
      }),
    )
  }

  /** Names of the files that it has mapped. */
  get mappedFiles(): readonly string[] {
    const files = (this.#text('maps') ?? '').split('\n').flatMap((line) => /\s(\/.*)$/.exec(line)?.[1] ?? [])
    return [...new Set(files)]
  }

  /** Whether it has the namespace that this process has; null where that may not be read. */
  sharesNamespace(kind: NamespaceKind): boolean | null {
    const [theirs, ours] = [link(`${this.folder}/ns/${kind}`), link(`/proc/self/ns/${kind}`)]
    return theirs === null || ours === null ? null : theirs === ours
  }

  /** Sockets on which it listens. @throws CacheAttributionError `ERR_ATTACH_OTHER_USER`, `ERR_ATTACH_NO_PROCESS` */
  ownListeners(): Listener[] {
    const inodes = this.#socketInodes()
    return this.#networkListeners().filter(({ inode }) => inodes.has(inode))
  }

  /**
   * Sockets of its network on which other processes listen. They are read first: a socket that the process opens meanwhile is not among them.
   *
   * @throws CacheAttributionError as `ownListeners()`
   */
  foreignListeners(): Listener[] {
    const all = this.#networkListeners()
    const inodes = this.#socketInodes()
    return all.filter(({ inode }) => !inodes.has(inode))
  }

  /** Every socket in its network that is listened on. */
  #networkListeners(): Listener[] {
    return [...listeners(this.#text('net/tcp')), ...listeners(this.#text('net/tcp6'))]
  }

  #socketInodes(): Set<string> {
    try {
      return socketInodes(this.folder)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw noProcess(this.pid)
      throw otherUser(this)
    }
  }

  #stat(): Stat | null {
    return statOf(this.#text('stat'))
  }

  #text(name: string): string | null {
    try {
      return readFileSync(`${this.folder}/${name}`, 'utf8')
    } catch {
      return null
    }
  }
}

/** `ERR_ATTACH_OTHER_USER`, with who it is. */
export function otherUser(target: TargetProcess): CacheAttributionError {
  const owner = target.uid
  const whose = owner === null ? 'another user' : `user ${String(owner)}`
  const own = process.geteuid?.()
  const pid = String(target.pid)
  return new CacheAttributionError(
    'ERR_ATTACH_OTHER_USER',
    own === owner
      ? `the kernel keeps process ${pid} closed to this command, although both run as user ${String(own)}: it changed its user, or it has capabilities that this command lacks${own === 0 ? ': run the command where it has those too' : ': run it as root'}`
      : `process ${pid} belongs to ${whose}, and this command runs as user ${String(own)}: run it as that user or as root`,
  )
}

/** The file of its program, readable from here although it may lie in another mount namespace. */
export function programFile(target: TargetProcess): string {
  return `${target.folder}/exe`
}

function noProcess(pid: number): CacheAttributionError {
  return new CacheAttributionError(
    'ERR_ATTACH_NO_PROCESS',
    `there is no process ${String(pid)}, or none that is visible here`,
  )
}

interface Stat {
  readonly state: string
  readonly ticks: number
  readonly startedAt: string
}

/** The program's name stands in parentheses and may hold any character, parentheses among them. */
function statOf(text: string | null): Stat | null {
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, startedAt] = [fields?.[0], fields?.[19]]
  if (fields === undefined || state === undefined || startedAt === undefined) return null
  return { state, startedAt, ticks: Number(fields[11]) + Number(fields[12]) }
}

function zeroed(text: string | null): string[] {
  return text === null || text === '' ? [] : text.replace(/\0$/, '').split('\0')
}

/**
 * The sockets of the process with this folder in /proc, by their inodes.
 *
 * @throws an error of the file system where the process is gone, or may not be read
 */
export function socketInodes(folder: string): Set<string> {
  const names = readdirSync(`${folder}/fd`)
  return new Set(names.flatMap((name) => /^socket:\[(\d+)\]$/.exec(link(`${folder}/fd/${name}`) ?? '')?.[1] ?? []))
}

function link(file: string): string | null {
  try {
    return readlinkSync(file)
  } catch {
    return null
  }
}

/** Lines of /proc/<pid>/net/tcp or tcp6. */
function listeners(table: string | null): Listener[] {
  return (table ?? '').split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [, local, , state] = fields
    const inode = fields[9]
    const [address, port] = local?.split(':') ?? []
    if (state !== STATE_LISTEN || inode === undefined || address === undefined || port === undefined) return []
    return [{ inode, address: addressOf(address), port: Number.parseInt(port, 16) }]
  })
}

/** Of 8 or 32 hexadecimal digits, in words of the machine's byte order (little-endian on all that Node runs on). */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.subarray(at, at + 4).reverse()
  if (bytes.length === 4) return bytes.join('.')
  const isMapped = bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff
  if (isMapped) return bytes.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at))
  if (groups.every((group) => group === 0)) return '::'
  if (groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1) return '::1'
  return groups.map((group) => group.toString(16)).join(':')
}
