/**
 * Names the addresses of a profile by the files that were mapped: functions from symbol tables, lines from debug
 * information.
 *
 * Rule: what cannot be read costs its own names only, and the profile's comments say so; no name is better than a wrong
 * one, so a file that is no longer what was mapped names nothing.
 */
import { abortSignal, boolean, optional, resolveOptions, shaped, text } from '../../support/options.js'
import type { OptionRules } from '../../support/options.js'
import { messageOf } from '../../support/errors.js'
import { inSlices } from '../../support/slices.js'
import type { Steps } from '../../support/slices.js'
import type { Frame, FrameFunction, HeapProfile, Mapping } from '../profile/types.js'
import { demangle } from './demangle.js'
import { ElfFile } from './elf.js'
import { functionsAt } from './elf-symbols.js'
import { openDebugFile } from './debug-file.js'
import { whyUnfit } from './why-unfit.js'
import { linesAt } from './lines.js'

/** Options of {@link symbolize}. */
export interface SymbolizeOptions {
  /** Folder in which the mapped files are looked up, e.g. `/proc/1234/root` or an unpacked image. @default '' */
  readonly root?: string
  /** Folders with separate debug files, by build-id. @default ['/usr/lib/debug'] */
  readonly debugFolders?: readonly string[]
  /**
   * Ask `llvm-symbolizer` or `addr2line`, where there is one, for file, line and what was inlined; only of files that
   * have debug information. @default true
   */
  readonly lines?: boolean
  /**
   * Where no symbol covers an address, take the last one before it, as `nm` and `jeprof` do. In a stripped library such a
   * name is wrong more often than not. @default false
   */
  readonly nearest?: boolean
  /** Ends the work between two files. */
  readonly signal?: AbortSignal | undefined
}

type Resolved = Required<SymbolizeOptions>

/**
 * The profile with names in place of bare addresses, and with the build-ids of the mapped files.
 *
 * @throws CacheAttributionError `ERR_OPTION_*`; the reason of the signal
 * @example
 * const profile = await symbolize(await readHeapProfile('jeprof.1234.0.f.heap'))
 * console.log(formatTopTable(topTable(profile)))
 */
export async function symbolize(profile: HeapProfile, options: SymbolizeOptions = {}): Promise<HeapProfile> {
  const resolved = resolveOptions<Resolved>('symbolize()', options, RULES)
  const frames = [...profile.frames]
  const mappings = [...profile.mappings]
  const comments = new Set(profile.comments)
  for (const [file, indices] of byFile(mappings)) {
    resolved.signal?.throwIfAborted()
    const own = framesOf(frames, indices)
    if (own.length === 0 || !file.startsWith('/') || file.startsWith('//')) continue
    try {
      await symbolizeFile(file, own, frames, mappings, indices, resolved, profile, comments)
    } catch (error) {
      resolved.signal?.throwIfAborted()
      comments.add(noNames(file, messageOf(error)))
    }
  }
  resolved.signal?.throwIfAborted()
  return { ...profile, frames, mappings, comments: [...comments] }
}

function noNames(file: string, reason: string): string {
  return `No names from ${file}: ${reason}.`
}

const RULES: OptionRules<Resolved> = {
  root: { check: text(4096), fallback: '' },
  debugFolders: {
    check: shaped<readonly string[]>('an array of paths', (value) => {
      return Array.isArray(value) && value.every((folder) => typeof folder === 'string')
    }),
    fallback: ['/usr/lib/debug'],
  },
  lines: { check: boolean, fallback: true },
  nearest: { check: boolean, fallback: false },
  signal: optional(abortSignal),
}

function byFile(mappings: readonly Mapping[]): Map<string, number[]> {
  const files = new Map<string, number[]>()
  for (const [index, { file }] of mappings.entries()) {
    const indices = files.get(file)
    if (indices === undefined) files.set(file, [index])
    else indices.push(index)
  }
  return files
}

/** Numbers of the frames in these mappings that have no name yet. */
function framesOf(frames: readonly Frame[], mappings: readonly number[]): number[] {
  const wanted = new Set(mappings)
  return frames.flatMap(({ mapping, functions }, index) => {
    return mapping !== null && functions.length === 0 && wanted.has(mapping) ? [index] : []
  })
}

/** Puts the names of one file into `frames`, its build-id into `mappings`. */
async function symbolizeFile(
  file: string,
  own: readonly number[],
  frames: Frame[],
  mappings: Mapping[],
  indices: readonly number[],
  options: Resolved,
  profile: HeapProfile,
  comments: Set<string>,
): Promise<void> {
  const elf = await ElfFile.open(options.root + file)
  try {
    const fitting = indices.filter((index) => {
      const mapping = mappings[index]
      const reason = mapping === undefined ? null : whyUnfit(mapping, elf, profile, options.root)
      // A difference over a redeploy has the file as it was, and as it is.
      if (reason !== null) comments.add(noNames(file, reason))
      return reason === null
    })
    const places = new Map<number, number[]>()
    for (const index of own) {
      if (!fitting.includes(frames[index]?.mapping ?? -1)) continue
      const address = fileAddress(elf, frames[index], mappings)
      if (address === null) throw new Error('it is no longer the file that was mapped')
      const same = places.get(address)
      if (same === undefined) places.set(address, [index])
      else same.push(index)
    }
    for (const index of fitting) {
      const mapping = mappings[index]
      if (mapping !== undefined) mappings[index] = { ...mapping, buildId: elf.buildId }
    }
    const addresses = Float64Array.from(places.keys()).sort()
    const named = await namesAt(elf, options.root + file, addresses, options)
    for (const [at, address] of addresses.entries()) {
      for (const index of places.get(address) ?? []) {
        const frame = frames[index]
        if (frame !== undefined) frames[index] = { ...frame, functions: named[at] ?? [] }
      }
    }
  } finally {
    await elf.close()
  }
}

/** The address in the numbering of its file. */
function fileAddress(elf: ElfFile, frame: Frame | undefined, mappings: readonly Mapping[]): number | null {
  const mapping = mappings[frame?.mapping ?? -1]
  if (mapping === undefined || frame === undefined || frame.address === null) return null
  return elf.addressOf(Number(frame.address - mapping.start + mapping.fileOffset))
}

async function namesAt(
  elf: ElfFile,
  path: string,
  addresses: Float64Array,
  options: Resolved,
): Promise<readonly (readonly FrameFunction[])[]> {
  const debug = await openDebugFile(elf, options.debugFolders)
  try {
    const source = debug?.elf ?? elf
    let names = await functionsAt(source, addresses, options.nearest)
    // A debug file without symbols, or one of another cut, must not hide what the file itself says.
    if (debug !== null && names.every((name) => name === null))
      names = await functionsAt(elf, addresses, options.nearest)
    const hasLines = options.lines && source.section('.debug_info') !== undefined
    const lines = hasLines ? await linesAt(debug?.path ?? path, addresses, options.signal) : null
    return await inSlices(namedInSteps(names, lines))
  } finally {
    await debug?.elf.close()
  }
}

/** Names may be long, and many: the event loop turns between them. */
function* namedInSteps(
  symbols: readonly (string | null)[],
  lines: readonly (readonly FrameFunction[])[] | null,
): Steps<FrameFunction[][]> {
  const known = new Map<string, string>()
  const all: FrameFunction[][] = []
  for (const [index, symbol] of symbols.entries()) {
    all.push(functionsOf(symbol, lines?.[index] ?? [], known))
    yield
  }
  return all
}

/** The symbol table's and the debug information's facts about one address. */
function functionsOf(
  symbol: string | null,
  lines: readonly FrameFunction[],
  known: Map<string, string>,
): FrameFunction[] {
  if (lines.length === 0) return symbol === null ? [] : [functionNamed(symbol, null, null, known)]
  return lines.flatMap(({ name, file, line }, index) => {
    // The symbol table knows functions of assembly, and parts that a compiler split off.
    const own = index === lines.length - 1 ? (symbol ?? name) : name
    return own === '' ? [] : [functionNamed(own, file, line, known)]
  })
}

function functionNamed(
  symbol: string,
  file: string | null,
  line: number | null,
  known: Map<string, string>,
): FrameFunction {
  const name = known.get(symbol) ?? demangle(symbol)
  known.set(symbol, name)
  return { name, linkerName: name === symbol ? null : symbol, file, line }
}
