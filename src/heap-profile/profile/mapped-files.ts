/**
 * The mapped libraries of a dump: lines of /proc/self/maps.
 *
 * Rule: only executable mappings are kept; overlapping ones are refused, since an address could belong to both.
 */
import { CacheAttributionError, describe } from '../../support/errors.js'
import type { Mapping } from './types.js'

const LINE =
  /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ([r-][w-][x-][ps-]) ([0-9a-f]{1,16}) ([0-9a-f]+:[0-9a-f]+) (\d{1,20})(?: +([^ ].*))?$/

/** The text that this library writes behind the mappings of its own dumps; other tools read over it. */
const NOTE = /^# mapped ([0-9a-f]{4,128}|-) (\d{1,16}) (\d{1,16}(?:\.\d{1,9})?) (\/.*)$/

/** One such line. */
export function noteOf(file: string, buildId: string | null, bytes: number, modifiedMs: number): string {
  return `# mapped ${buildId ?? '-'} ${String(bytes)} ${modifiedMs.toFixed(3)} ${file}`
}

/** The name of executable memory without a file (of perf and pprof too): in Node, code that V8 compiled. */
export const ANONYMOUS = '//anon'

/** Stretches of code at most: the kernel's own bound on mappings is 65,530 unless it is raised. */
const MAX_MAPPINGS = 100_000

/** Paths of them together. */
const MAX_PATHS_LENGTH = 1 << 26

/** Mapped files as they come line by line. */
export class MappedFiles {
  readonly #mappings: Mapping[] = []
  readonly #notes = new Map<
    string,
    { readonly buildId: string | null; readonly bytes: number; readonly modifiedMs: number }
  >()
  #length = 0

  /** Takes one line of /proc/self/maps. @throws CacheAttributionError `ERR_PROFILE_FORMAT` */
  add(line: string, where: string): void {
    const [, start, end, mode, offset, device, inode, file] = LINE.exec(line) ?? []
    if (start === undefined || end === undefined || mode === undefined || offset === undefined) {
      throw new CacheAttributionError(
        'ERR_PROFILE_FORMAT',
        `${where}: expected a mapped library, got ${describe(line)}`,
      )
    }
    if (mode[2] !== 'x') return
    this.#length += file?.length ?? 0
    if (this.#length > MAX_PATHS_LENGTH) {
      throw new CacheAttributionError('ERR_PROFILE_TOO_LARGE', `${where}: paths that are too long together`)
    }
    const mapping = {
      start: BigInt(`0x${start}`),
      end: BigInt(`0x${end}`),
      fileOffset: BigInt(`0x${offset}`),
      // "… (deleted)" stays: what has that name now is another file, and its symbols would be wrong.
      file: file === undefined || file === '' ? ANONYMOUS : file,
      buildId: null,
      // 0 stands for no file, and for one that is not told.
      ...(device === undefined || Number(inode) === 0 ? {} : { identity: { device, inode: Number(inode) } }),
    }
    if (mapping.end <= mapping.start || this.#mappings.length === MAX_MAPPINGS) {
      throw new CacheAttributionError(
        'ERR_PROFILE_FORMAT',
        `${where}: an empty mapping, or one too many: ${describe(line)}`,
      )
    }
    this.#mappings.push(mapping)
  }

  /** Takes a line that this library wrote behind the mappings; whether it is one. */
  note(line: string): boolean {
    const [, buildId = '', bytes, modified, file = ''] = NOTE.exec(line) ?? []
    if (file === '') return false
    this.#notes.set(file, {
      buildId: buildId === '-' ? null : buildId,
      bytes: Number(bytes),
      modifiedMs: Number(modified),
    })
    return true
  }

  /** All of them, by their start; adjoining stretches of one file are one. */
  sorted(): Mapping[] {
    const noted = this.#mappings.map((mapping) => {
      const { buildId, ...own } = this.#notes.get(mapping.file) ?? { buildId: mapping.buildId }
      const { identity } = mapping
      return { ...mapping, buildId, ...(identity === undefined ? {} : { identity: { ...identity, ...own } }) }
    })
    const sorted = noted.toSorted((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))
    const merged: Mapping[] = []
    for (const mapping of sorted) {
      const last = merged.at(-1)
      if (last !== undefined && mapping.start < last.end) {
        throw new CacheAttributionError(
          'ERR_PROFILE_FORMAT',
          `mapped libraries overlap: ${describe(last.file)} and ${describe(mapping.file)}`,
        )
      }
      if (last !== undefined && continues(last, mapping)) merged[merged.length - 1] = { ...last, end: mapping.end }
      else merged.push(mapping)
    }
    return merged
  }
}

/** Index of the mapping that holds the address, or null. `mappings` are sorted by their start. */
export function mappingAt(mappings: readonly Mapping[], address: bigint): number | null {
  let low = 0
  let high = mappings.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((mappings[middle]?.start ?? 0n) <= address) low = middle + 1
    else high = middle
  }
  const candidate = mappings[low - 1]
  return candidate !== undefined && address < candidate.end ? low - 1 : null
}

function continues(before: Mapping, after: Mapping): boolean {
  return (
    before.file === after.file &&
    before.end === after.start &&
    before.fileOffset + (before.end - before.start) === after.fileOffset
  )
}
