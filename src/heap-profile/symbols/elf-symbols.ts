/**
 * Which function of an ELF file an address belongs to, by `.symtab`, or by `.dynsym` where a file is stripped.
 *
 * Rule: the table is gone through once, piece by piece, and only what is near a wanted address is kept: a binary with
 * a million symbols costs no more memory than one with ten. A symbol names an address that it covers, or, where it has no
 * size, what follows it in its section; `nearest` takes the last symbol before the address, as nm's users do, however
 * far away that is.
 */
import { ElfError, SECTION_DYNSYM, SECTION_SYMTAB } from './elf.js'
import type { ElfFile, ElfSection } from './elf.js'

/** A table longer than this is not read: 10 million symbols. */
const MAX_TABLE_BYTES = 240_000_000

/** Names of one file together: entries of a hostile table may all share one long text. */
const MAX_NAMES_LENGTH = 1 << 26

/** Symbols read at once. */
const ENTRIES = 32_768

const TYPE_NOTYPE = 0
const TYPE_FUNCTION = 2
const TYPE_INDIRECT_FUNCTION = 10
const BINDING_LOCAL = 0
const BINDING_WEAK = 2
const SHN_LORESERVE = 0xff00

/** The best symbol so far. */
interface Candidate {
  readonly start: number
  readonly size: number
  readonly section: number
  readonly rank: number
  readonly nameAt: number
}

/**
 * Names of the functions at `addresses` (in the file's own numbering, sorted): null where no symbol says.
 *
 * @throws ElfError where the tables make no sense
 */
export async function functionsAt(elf: ElfFile, addresses: Float64Array, nearest: boolean): Promise<(string | null)[]> {
  for (const type of [SECTION_SYMTAB, SECTION_DYNSYM]) {
    const table = elf.sections.find((section) => section.type === type)
    if (table === undefined || table.size === 0) continue
    const found = await findCandidates(elf, table, addresses, nearest)
    const names = elf.sections[table.link]
    if (names === undefined) throw new ElfError('symbols without names')
    return namesOf(elf, names, found)
  }
  return Array.from(addresses, () => null)
}

/** Many addresses lie in one function: its name is read once. */
async function namesOf(
  elf: ElfFile,
  section: ElfSection,
  candidates: readonly (Candidate | null)[],
): Promise<(string | null)[]> {
  const known = new Map<number, string>()
  const names: (string | null)[] = []
  let length = 0
  for (const candidate of candidates) {
    let name = candidate === null ? '' : known.get(candidate.nameAt)
    if (candidate !== null && name === undefined) {
      name = await elf.text(section, candidate.nameAt)
      known.set(candidate.nameAt, name)
      length += name.length
      if (length > MAX_NAMES_LENGTH) throw new ElfError('names that are too long together')
    }
    names.push(name === undefined || name === '' ? null : name)
  }
  return names
}

async function findCandidates(
  elf: ElfFile,
  table: ElfSection,
  addresses: Float64Array,
  nearest: boolean,
): Promise<(Candidate | null)[]> {
  const entryBytes = elf.wide ? 24 : 16
  if (table.size > MAX_TABLE_BYTES) throw new ElfError('too many symbols')
  // Per address the best symbol that starts at or before it and after the address before it.
  const sized: (Candidate | undefined)[] = []
  const any: (Candidate | undefined)[] = []
  const total = Math.floor(table.size / entryBytes)
  for (let from = 0; from < total; from += ENTRIES) {
    const count = Math.min(ENTRIES, total - from)
    const view = await elf.read(table.fileOffset + from * entryBytes, count * entryBytes)
    for (let index = 0; index < count; index++) {
      const candidate = candidateAt(elf, view, index * entryBytes)
      if (candidate === null) continue
      const at = firstNotBelow(addresses, candidate.start)
      if (at === addresses.length) continue
      if (isBetter(candidate, any[at])) any[at] = candidate
      if (candidate.size > 0 && isBetter(candidate, sized[at])) sized[at] = candidate
    }
  }
  return chosen(elf, addresses, sized, any, nearest)
}

function chosen(
  elf: ElfFile,
  addresses: Float64Array,
  sized: readonly (Candidate | undefined)[],
  any: readonly (Candidate | undefined)[],
  nearest: boolean,
): (Candidate | null)[] {
  let lastSized: Candidate | undefined
  let lastAny: Candidate | undefined
  return Array.from(addresses, (address, index) => {
    lastSized = sized[index] ?? lastSized
    lastAny = any[index] ?? lastAny
    if (endOf(lastSized) > address) return lastSized ?? null
    if (lastAny === undefined) return null
    if (nearest || (lastAny.size === 0 && isWithin(elf.sections[lastAny.section], address))) return lastAny
    return null
  })
}

/** The first address behind a symbol. */
function endOf(candidate: Candidate | undefined): number {
  return candidate === undefined ? -1 : candidate.start + candidate.size
}

function isWithin(section: ElfSection | undefined, address: number): boolean {
  if (section === undefined) return false
  return address >= section.address && address < section.address + section.size
}

/** Later starts are nearer; of names for one place a strong one is better than a weak one, that than a local label. */
function isBetter(candidate: Candidate, than: Candidate | undefined): boolean {
  if (than === undefined) return true
  if (candidate.start !== than.start) return candidate.start > than.start
  return candidate.rank > than.rank
}

function candidateAt(elf: ElfFile, view: DataView, at: number): Candidate | null {
  const little = elf.littleEndian
  const info = view.getUint8(at + (elf.wide ? 4 : 12))
  const section = view.getUint16(at + (elf.wide ? 6 : 14), little)
  if (section === 0 || section >= SHN_LORESERVE) return null
  const type = info & 15
  const isFunction = type === TYPE_FUNCTION || type === TYPE_INDIRECT_FUNCTION
  if (!isFunction && !(type === TYPE_NOTYPE && elf.sections[section]?.executable === true)) return null
  const binding = info >> 4
  return {
    start: elf.wide ? wideAt(view, at + 8, little) : view.getUint32(at + 4, little),
    size: elf.wide ? wideAt(view, at + 16, little) : view.getUint32(at + 8, little),
    section,
    rank: (isFunction ? 4 : 0) + (binding === BINDING_LOCAL ? 1 : binding === BINDING_WEAK ? 2 : 3),
    nameAt: view.getUint32(at, little),
  }
}

/** 64 bits as a double: exact for every address that there is, and without a BigInt for each of a million symbols. */
function wideAt(view: DataView, at: number, little: boolean): number {
  const [low, high] = little ? [at, at + 4] : [at + 4, at]
  return view.getUint32(high, little) * 2 ** 32 + view.getUint32(low, little)
}

/** Index of the first of the sorted `addresses` that is not below `value`. */
function firstNotBelow(addresses: Float64Array, value: number): number {
  let low = 0
  let high = addresses.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((addresses[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}
