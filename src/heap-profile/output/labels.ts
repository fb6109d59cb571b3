/**
 * The name of a frame, and which frames are the allocator's own.
 *
 * Rule: every output names a place in the same way, and none blames `malloc`: the frames of the allocator, from the
 * innermost on, go away unless the caller wants them, as in jeprof and pprof.
 */
import { packageOf } from '../../support/package-of.js'
import { printable } from '../../support/units.js'
import { ANONYMOUS } from '../profile/mapped-files.js'
import type { Frame, FrameFunction, HeapProfile } from '../profile/types.js'

/** Longest name that is shown. */
const MAX_NAME_LENGTH = 500

/**
 * Names of the frame's functions, innermost first; of an address without a name, its file and the place in it. Without the
 * allocator's functions those that were inlined into others are left out, with what they called.
 */
export function labelsOf(
  profile: HeapProfile,
  frame: Frame,
  withAllocator: boolean,
  by: LabelKind = 'function',
): string[] {
  const { functions } = frame
  if (functions.length === 0)
    return [by === 'function' || by === 'line' ? placeOf(profile, frame) : fileOf(profile, frame)]
  const inlined = withAllocator ? -1 : functions.slice(0, -1).findLastIndex(({ name }) => isAllocation(name))
  return functions.slice(inlined + 1).map((own) => printable(labelOf(profile, frame, own, by), MAX_NAME_LENGTH))
}

/** The name of a place: its function, that with the line, its file, or its package. */
export type LabelKind = 'function' | 'line' | 'file' | 'package'

function labelOf(profile: HeapProfile, frame: Frame, { name, file, line }: FrameFunction, by: LabelKind): string {
  const isJavaScript = isJavaScriptFrame(frame)
  switch (by) {
    case 'function':
      return isJavaScript && file !== null ? `${name} (${shortFile(file)})` : name
    case 'line':
      return placeLabel({ name, file, line })
    case 'file':
      return isJavaScript && file !== null ? shortFile(file) : fileOf(profile, frame)
    case 'package':
      return isJavaScript && file !== null ? (packageOf(file) ?? '(application)') : fileOf(profile, frame)
  }
}

function placeLabel({ name, file, line }: Omit<FrameFunction, 'linkerName'>): string {
  return file === null ? name : `${name} (${shortFile(file)}${line === null ? '' : `:${line}`})`
}

/** The name of a place in a table by line. */
export function labelOfPlace(place: Omit<FrameFunction, 'linkerName'>): string {
  return printable(placeLabel(place), MAX_NAME_LENGTH)
}

/** Whether a place is one of JavaScript: named, with no address. */
export function isJavaScriptFrame({ address, functions }: Frame): boolean {
  return address === null && functions.length > 0
}

/** Of a script as much of its path as tells it: from its package on, or the last two names. */
function shortFile(file: string): string {
  if (file.startsWith('node:')) return file
  const parts = file.split(/[/\\]/)
  const modules = parts.lastIndexOf('node_modules')
  return parts.slice(modules === -1 ? -2 : modules + 1).join('/')
}

/** The mapped file of a place, or that there is none. */
function fileOf({ mappings }: HeapProfile, { address, mapping, functions }: Frame): string {
  const file = mappings[mapping ?? -1]?.file
  if (file === ANONYMOUS || (file === undefined && address !== null)) return '(compiled code)'
  if (file === undefined) return functions.at(-1)?.name ?? '(unknown)'
  return file.slice(file.lastIndexOf('/') + 1)
}

/** `libc.so.6+0x2724a`, `(compiled code)`, or the address. */
function placeOf({ mappings }: HeapProfile, { address, mapping: index }: Frame): string {
  if (address === null) return '(unknown)'
  const mapping = mappings[index ?? -1]
  if (mapping === undefined) return `0x${address.toString(16)}`
  if (mapping.file === ANONYMOUS) return '(compiled code)'
  const file = mapping.file.slice(mapping.file.lastIndexOf('/') + 1)
  return printable(`${file}+0x${(address - mapping.start + mapping.fileOffset).toString(16)}`, MAX_NAME_LENGTH)
}

/** Functions through which memory is asked for: the C library's, jemalloc's own, C++'s, with the prefixes that builds give them. */
const ALLOCATION =
  /^(?:_|__|__libc_|je_|_rjem_|_rjem_je_|tc_|do_)?(?:malloc|calloc|realloc|reallocarray|free|cfree|memalign|posix_memalign|aligned_alloc|valloc|pvalloc|mallocx|rallocx|xallocx|dallocx|sdallocx|sdallocx_noflags|newImpl)$|^void\* newImpl$|^operator new(?:\[\])?(?:\(|$)|^(?:_?je_|_rjem_)?(?:prof_backtrace|prof_alloc_prep|prof_malloc_sample_object|imalloc|malloc_default|calloc_default)(?:_|\.|$)/

/**
 * The same of Rust: the functions that every allocation goes through before it reaches the global allocator, and the
 * method of whatever that is.
 */
const RUST_ALLOCATION =
  /^(?:__rustc(?:\[[0-9a-f]+\])?::)?__(?:rust|rg|rdl)_(?:alloc|dealloc|realloc|alloc_zeroed)$|^alloc::alloc::(?:alloc|alloc_zeroed|realloc|exchange_malloc|box_new|Global::\w+|<impl alloc::alloc::Global>::\w+)$|^(?:<.* as )?core::alloc::(?:global::)?GlobalAlloc(?:>)?::(?:alloc|realloc|alloc_zeroed)$|^<.* as GlobalAlloc>::(?:alloc|realloc|alloc_zeroed)$|^<alloc::alloc::Global(?: as [\w:]+)?>::\w+$/

function isAllocation(name: string): boolean {
  return ALLOCATION.test(name) || RUST_ALLOCATION.test(name)
}

const ALLOCATOR_FILE = /\/lib(?:jemalloc|tcmalloc)[^/]*$/

/** Of each frame whether it is the allocator's: 1 or 0. */
export function allocatorFrames(profile: HeapProfile): Uint8Array {
  const { frames, mappings } = profile
  const marks = Uint8Array.from(frames, ({ functions, mapping }) => {
    const outermost = functions.at(-1)
    if (outermost !== undefined && isAllocation(outermost.name)) return 1
    const file = mappings[mapping ?? -1]?.file
    return file !== undefined && ALLOCATOR_FILE.test(file) ? 1 : 0
  })
  for (const frame of commonFrames(profile)) marks[frame] = 1
  return marks
}

/**
 * The frames without a name in which all stacks end, innermost first: in a stripped program with jemalloc inside that is where
 * jemalloc itself stood. They say nothing: whatever was allocated came through them.
 */
function commonFrames({ samples, frames, source }: HeapProfile): number[] {
  const { count, offsets } = samples
  if (source === 'v8' || count < 2) return []
  const common: number[] = []
  for (let depth = 0; ; depth++) {
    const frame = samples.frames[(offsets[0] ?? 0) + depth] ?? -1
    const isNamed = frames[frame]?.functions.length !== 0
    if (isNamed || frames[frame]?.address === null) break
    let isCommon = true
    for (let sample = 0; sample < count && isCommon; sample++) {
      const from = offsets[sample] ?? 0
      // Something must be left to show, and what is called again further out is no allocator's.
      isCommon = from + depth + 1 < (offsets[sample + 1] ?? 0) && samples.frames[from + depth] === frame
    }
    if (!isCommon) break
    common.push(frame)
  }
  const inner = new Set(common)
  for (let sample = 0; sample < count && inner.size > 0; sample++) {
    const outer = samples.frames.subarray((offsets[sample] ?? 0) + common.length, offsets[sample + 1])
    if (outer.some((frame) => inner.has(frame))) return []
  }
  return common
}

/** Where the stack begins that is shown: behind its outermost frame of the allocator, or at 0 where nothing else is left. */
export function shownFrom(frames: Uint32Array, from: number, to: number, allocator: Uint8Array | null): number {
  if (allocator === null) return from
  for (let at = to - 1; at >= from; at--) {
    if (allocator[frames[at] ?? 0] === 1) return at === to - 1 ? from : at + 1
  }
  return from
}
