/** ELF files made byte by byte: of symbols that no compiler writes, and of headers that lie. */
import { ftruncateSync, openSync, closeSync, writeSync } from 'node:fs'

/** The content of a crafted file. */
export interface CraftedElf {
  /** Names of functions; each covers {@link FUNCTION_BYTES} of the code, in this order. */
  readonly symbols?: readonly string[]
  /** Places in the table of names, in place of those of {@link CraftedElf.symbols}. */
  readonly nameOffsets?: readonly number[]
  readonly buildId?: string
  /** Size of a section's entry as the header tells it. @default 64 */
  readonly sectionEntryBytes?: number
  /** How many sections the header tells of. @default as many as there are */
  readonly sectionCount?: number
  /** Size of the table of symbols as its section tells it. */
  readonly symbolTableBytes?: number
  /** Length of the file: what is beyond its content is a hole. */
  readonly fileBytes?: number
}

/** Code that one function covers. */
export const FUNCTION_BYTES = 16
/** Where the code begins, in the file and in its own numbering. */
export const CODE_OFFSET = 0x1000

/** Writes an ELF file of 64 bits. */
export function writeElf(path: string, crafted: CraftedElf): void {
  const { symbols = ['main'], buildId } = crafted
  const names = Buffer.from(`\0${symbols.join('\0')}\0`)
  let at = 1
  const offsets =
    crafted.nameOffsets ??
    symbols.map((symbol) => (at += Buffer.byteLength(symbol) + 1) - Buffer.byteLength(symbol) - 1)
  const codeBytes = offsets.length * FUNCTION_BYTES
  const table = Buffer.alloc(24 * (offsets.length + 1))
  for (const [index, offset] of offsets.entries()) {
    const entry = 24 * (index + 1)
    table.writeUInt32LE(offset, entry)
    table.writeUInt8(0x12, entry + 4)
    table.writeUInt16LE(1, entry + 6)
    table.writeBigUInt64LE(BigInt(CODE_OFFSET + index * FUNCTION_BYTES), entry + 8)
    table.writeBigUInt64LE(BigInt(FUNCTION_BYTES), entry + 16)
  }
  const tableAt = CODE_OFFSET + codeBytes
  const namesAt = tableAt + table.length
  const sectionsAt = Math.ceil((namesAt + names.length) / 8) * 8
  const bytes = Buffer.alloc(sectionsAt + 4 * 64)
  writeHeader(bytes, sectionsAt, crafted)
  writeSegment(bytes, 64, { type: 1, flags: 5, offset: 0, size: CODE_OFFSET + codeBytes })
  if (buildId !== undefined) writeBuildId(bytes, buildId)
  table.copy(bytes, tableAt)
  names.copy(bytes, namesAt)
  const section = (index: number, fields: SectionFields): void => {
    writeSection(bytes, sectionsAt + 64 * index, fields)
  }
  section(1, { type: 1, flags: 6, address: CODE_OFFSET, offset: CODE_OFFSET, size: codeBytes, link: 0 })
  const size = crafted.symbolTableBytes ?? table.length
  section(2, { type: 2, flags: 0, address: 0, offset: tableAt, size, link: 3 })
  section(3, { type: 3, flags: 0, address: 0, offset: namesAt, size: names.length, link: 0 })
  const file = openSync(path, 'w')
  try {
    writeSync(file, bytes)
    if (crafted.fileBytes !== undefined) ftruncateSync(file, crafted.fileBytes)
  } finally {
    closeSync(file)
  }
}

interface SectionFields {
  readonly type: number
  readonly flags: number
  readonly address: number
  readonly offset: number
  readonly size: number
  readonly link: number
}

function writeHeader(bytes: Buffer, sectionsAt: number, crafted: CraftedElf): void {
  bytes.writeUInt32BE(0x7f454c46)
  bytes.set([2, 1, 1], 4)
  bytes.writeUInt16LE(3, 16)
  bytes.writeUInt16LE(62, 18)
  bytes.writeUInt32LE(1, 20)
  bytes.writeBigUInt64LE(64n, 32)
  bytes.writeBigUInt64LE(BigInt(sectionsAt), 40)
  bytes.writeUInt16LE(64, 52)
  bytes.writeUInt16LE(56, 54)
  bytes.writeUInt16LE(crafted.buildId === undefined ? 1 : 2, 56)
  bytes.writeUInt16LE(crafted.sectionEntryBytes ?? 64, 58)
  bytes.writeUInt16LE(crafted.sectionCount ?? 4, 60)
}

function writeSegment(
  bytes: Buffer,
  at: number,
  { type, flags, offset, size }: { type: number; flags: number; offset: number; size: number },
): void {
  bytes.writeUInt32LE(type, at)
  bytes.writeUInt32LE(flags, at + 4)
  for (const [place, value] of [offset, offset, offset, size, size].entries()) {
    bytes.writeBigUInt64LE(BigInt(value), at + 8 + 8 * place)
  }
}

function writeBuildId(bytes: Buffer, buildId: string): void {
  const id = Buffer.from(buildId, 'hex')
  const at = 256
  bytes.writeUInt32LE(4, at)
  bytes.writeUInt32LE(id.length, at + 4)
  bytes.writeUInt32LE(3, at + 8)
  bytes.write('GNU\0', at + 12, 'latin1')
  id.copy(bytes, at + 16)
  writeSegment(bytes, 64 + 56, { type: 4, flags: 4, offset: at, size: 16 + id.length })
}

function writeSection(bytes: Buffer, at: number, { type, flags, address, offset, size, link }: SectionFields): void {
  bytes.writeUInt32LE(type, at + 4)
  for (const [place, value] of [flags, address, offset, size].entries()) {
    bytes.writeBigUInt64LE(BigInt(value), at + 8 + 8 * place)
  }
  bytes.writeUInt32LE(link, at + 40)
}
