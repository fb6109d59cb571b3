/**
 * Reads ELF files as far as symbols need it: segments, sections, the build-id.
 *
 * Rule: nothing in the file is trusted. Every offset and size is checked against the length of the file, every count
 * has a bound, and reading is by pieces: a hostile file costs a bounded time and memory, and gives an `ElfError`.
 */
import { constants } from 'node:fs'
import type { Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

/** The fault of a file; caught where files are symbolized, since an unreadable library is no reason to fail. */
export class ElfError extends Error {
  override readonly name = 'ElfError'
}

/** A stretch of the file that is loaded into memory. */
export interface ElfSegment {
  readonly executable: boolean
  readonly fileOffset: number
  readonly fileSize: number
  /** Address in the file's own numbering. */
  readonly address: number
}

/** A named part of the file. */
export interface ElfSection {
  readonly name: string
  readonly type: number
  readonly executable: boolean
  readonly address: number
  readonly fileOffset: number
  readonly size: number
  readonly link: number
}

export const SECTION_SYMTAB = 2
const SECTION_NOBITS = 8
export const SECTION_DYNSYM = 11
const SEGMENT_LOAD = 1
const SEGMENT_NOTE = 4
const NOTE_BUILD_ID = 3

const MAX_SEGMENTS = 1024
const MAX_SECTIONS = 65_536
const MAX_NOTE_BYTES = 65_536
/** How much longer than its fields an entry of the table of sections may be: no linker writes any such. */
const MAX_ENTRY_FACTOR = 4
/** Longest name of a section or symbol; V8 has some of more than 2,000 bytes. */
const MAX_NAME_BYTES = 16_384

/** An open ELF file. */
export class ElfFile {
  readonly wide: boolean
  readonly littleEndian: boolean
  readonly segments: readonly ElfSegment[]
  readonly sections: readonly ElfSection[]
  /** Lower-case hex digits; null where the file has none. */
  readonly buildId: string | null
  /** The system's facts about the file. */
  readonly stat: Stats
  readonly #file: FileHandle
  readonly #size: number

  private constructor(file: FileHandle, stat: Stats, parts: ElfParts) {
    this.#file = file
    this.stat = stat
    this.#size = stat.size
    this.wide = parts.wide
    this.littleEndian = parts.littleEndian
    this.segments = parts.segments
    this.sections = parts.sections
    this.buildId = parts.buildId
  }

  /** Opens a file. @throws ElfError, or what the system says of the file */
  static async open(path: string): Promise<ElfFile> {
    // A path out of a profile may be a pipe: opening it must not wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stat = await file.stat()
      if (!stat.isFile()) throw new ElfError('no regular file')
      return new ElfFile(file, stat, await readParts(new Pieces(file, stat.size)))
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  /** `size` bytes from `offset` on. @throws ElfError where the file does not have them */
  async read(offset: number, size: number): Promise<DataView> {
    return new Pieces(this.#file, this.#size).read(offset, size)
  }

  /** The text at `offset` up to the next zero byte, within `section`. */
  async text(section: ElfSection, offset: number): Promise<string> {
    if (offset >= section.size) throw new ElfError('a name outside its table')
    const size = Math.min(MAX_NAME_BYTES, section.size - offset, this.#size - section.fileOffset - offset)
    // Most names are short.
    for (let length = Math.min(256, size); ; length = size) {
      const taken = zeroEnded(await this.read(section.fileOffset + offset, length))
      if (taken.length < length || length === size) return taken
    }
  }

  /** The file's own address of what is at `fileOffset`; null where no loaded segment has it. */
  addressOf(fileOffset: number): number | null {
    for (const segment of this.segments) {
      const into = fileOffset - segment.fileOffset
      if (segment.executable && into >= 0 && into < segment.fileSize) return segment.address + into
    }
    return null
  }

  /** The section of this name that has bytes in the file; undefined where there is none. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name && section.type !== SECTION_NOBITS)
  }
}

interface ElfParts {
  readonly wide: boolean
  readonly littleEndian: boolean
  readonly segments: readonly ElfSegment[]
  readonly sections: readonly ElfSection[]
  readonly buildId: string | null
}

/** Reads of a file, checked against its size. */
class Pieces {
  readonly #file: FileHandle
  readonly #size: number

  constructor(file: FileHandle, size: number) {
    this.#file = file
    this.#size = size
  }

  async read(offset: number, size: number): Promise<DataView> {
    if (!(offset >= 0 && size >= 0 && offset + size <= this.#size)) throw new ElfError('a part outside the file')
    const buffer = Buffer.alloc(size)
    const { bytesRead } = await this.#file.read(buffer, 0, size, offset)
    if (bytesRead !== size) throw new ElfError('the file became shorter')
    return new DataView(buffer.buffer, buffer.byteOffset, size)
  }
}

/** Fields of either word size and byte order. */
class Fields {
  readonly #view: DataView
  readonly #wide: boolean
  readonly #little: boolean

  constructor(view: DataView, wide: boolean, little: boolean) {
    this.#view = view
    this.#wide = wide
    this.#little = little
  }

  half(narrowAt: number, wideAt: number): number {
    return this.#view.getUint16(this.#wide ? wideAt : narrowAt, this.#little)
  }

  word(narrowAt: number, wideAt: number): number {
    return this.#view.getUint32(this.#wide ? wideAt : narrowAt, this.#little)
  }

  /** A word of the machine. Beyond 2^53 it is not exact, and outside every file. */
  native(narrowAt: number, wideAt: number): number {
    if (!this.#wide) return this.#view.getUint32(narrowAt, this.#little)
    return Number(this.#view.getBigUint64(wideAt, this.#little))
  }
}

async function readParts(pieces: Pieces): Promise<ElfParts> {
  const ident = await pieces.read(0, 16)
  if (ident.getUint32(0) !== 0x7f454c46) throw new ElfError('no ELF file')
  const wide = ident.getUint8(4) === 2
  const littleEndian = ident.getUint8(5) !== 2
  const header = new Fields(await pieces.read(0, wide ? 64 : 52), wide, littleEndian)
  const fields = (view: DataView): Fields => new Fields(view, wide, littleEndian)
  const segments = await readSegments(pieces, header, fields, wide)
  return {
    wide,
    littleEndian,
    segments: segments.loaded,
    sections: await readSections(pieces, header, fields, wide),
    buildId: segments.buildId,
  }
}

async function readSegments(
  pieces: Pieces,
  header: Fields,
  fields: (view: DataView) => Fields,
  wide: boolean,
): Promise<{ loaded: ElfSegment[]; buildId: string | null }> {
  const from = header.native(28, 32)
  const size = header.half(42, 54)
  const count = header.half(44, 56)
  if (count > MAX_SEGMENTS || (count > 0 && size < (wide ? 56 : 32))) throw new ElfError('unlikely segments')
  const loaded: ElfSegment[] = []
  let buildId: string | null = null
  let noteBytes = 0
  for (let index = 0; index < count; index++) {
    const entry = fields(await pieces.read(from + index * size, wide ? 56 : 32))
    const type = entry.word(0, 0)
    const fileOffset = entry.native(4, 8)
    const fileSize = entry.native(16, 32)
    if (type === SEGMENT_LOAD) {
      loaded.push({ executable: (entry.word(24, 4) & 1) !== 0, fileOffset, fileSize, address: entry.native(8, 16) })
    } else if (type === SEGMENT_NOTE && buildId === null && (noteBytes += fileSize) <= MAX_NOTE_BYTES) {
      buildId = buildIdOf(await pieces.read(fileOffset, fileSize), fields)
    }
  }
  return { loaded, buildId }
}

/** Notes are entries of name size, description size, type, name, description, each padded to four bytes. */
function buildIdOf(notes: DataView, fields: (view: DataView) => Fields): string | null {
  const words = fields(notes)
  for (let at = 0; at + 12 <= notes.byteLength;) {
    const nameSize = words.word(at, at)
    const size = words.word(at + 4, at + 4)
    const description = at + 12 + padded(nameSize)
    const end = description + padded(size)
    if (end > notes.byteLength) return null
    const isGnu = nameSize === 4 && notes.getUint32(at + 12) === 0x474e5500
    if (isGnu && words.word(at + 8, at + 8) === NOTE_BUILD_ID && size >= 2 && size <= 64) {
      return Buffer.from(notes.buffer, notes.byteOffset + description, size).toString('hex')
    }
    at = end
  }
  return null
}

async function readSections(
  pieces: Pieces,
  header: Fields,
  fields: (view: DataView) => Fields,
  wide: boolean,
): Promise<ElfSection[]> {
  const from = header.native(32, 40)
  const size = header.half(46, 58)
  let count = header.half(48, 60)
  let names = header.half(50, 62)
  const least = wide ? 64 : 40
  if (from === 0) return []
  if (size < least || size > MAX_ENTRY_FACTOR * least) throw new ElfError('unlikely sections')
  // More sections than the header can count stand in the first one.
  const first = fields(await pieces.read(from, least))
  if (count === 0) count = first.native(20, 32)
  if (names === 0xffff) names = first.word(24, 40)
  if (count > MAX_SECTIONS) throw new ElfError('too many sections')
  const table = await pieces.read(from, count * size)
  const raw = Array.from({ length: count }, (_, index) => {
    const entry = fields(new DataView(table.buffer, table.byteOffset + index * size, size))
    return {
      nameAt: entry.word(0, 0),
      type: entry.word(4, 4),
      executable: (entry.native(8, 8) & 4) !== 0,
      address: entry.native(12, 16),
      fileOffset: entry.native(16, 24),
      size: entry.native(20, 32),
      link: entry.word(24, 40),
    }
  })
  const table0 = raw[names]
  const text = table0 === undefined ? undefined : await pieces.read(table0.fileOffset, Math.min(table0.size, 1 << 20))
  return raw.map(({ nameAt, ...section }) => ({ ...section, name: text === undefined ? '' : nameAtOf(text, nameAt) }))
}

function nameAtOf(text: DataView, at: number): string {
  if (at >= text.byteLength) return ''
  return zeroEnded(new DataView(text.buffer, text.byteOffset + at, Math.min(256, text.byteLength - at)))
}

/** Names are ASCII, or UTF-8 where a compiler allows it. */
function zeroEnded(view: DataView): string {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength)
  const end = bytes.indexOf(0)
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end)
}

function padded(size: number): number {
  return Math.ceil(size / 4) * 4
}
