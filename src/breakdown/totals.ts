/**
 * Where the kernel does not list mappings with their sizes (built without CONFIG_PROC_PAGE_MONITOR, or hidden): its totals
 * of anonymous memory, files and shared memory, divided as V8 and the allocator tell.
 */
import { coarseV8Bytes } from '../report/breakdown/v8.js'
import { fill } from '../report/breakdown/share.js'
import type { AllocatorFigures, IsolateHeap, MappedBytes } from '../report/breakdown/types.js'

/** The figures that divide the anonymous memory. */
export interface CoarseFigures {
  readonly isolates: readonly IsolateHeap[]
  readonly allocator: AllocatorFigures
}

/** From /proc/<pid>/status (RssAnon, RssFile, RssShmem, VmSwap); null where it tells no RSS. */
export function totalsOf(status: string, figures: CoarseFigures, reason: string): MappedBytes | null {
  const kibibytes = (name: string): number | null => {
    const [, digits] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? []
    return digits === undefined ? null : Number(digits) * 1024
  }
  const rss = kibibytes('VmRSS')
  if (rss === null) return null
  const { parts, left } = fill(rss, [kibibytes('RssFile'), kibibytes('RssShmem')])
  const [file = 0, shared = 0] = parts
  const anonymous = divideAnonymous(left, figures)
  return {
    ...NOTHING_MAPPED,
    ...anonymous,
    binary: [{ name: 'files, libraries included', bytes: file }],
    shared: [{ name: 'shared memory', bytes: shared }],
    swap: kibibytes('VmSwap') ?? 0,
    threads: Number(/^Threads:\s+(\d+)$/m.exec(status)?.[1] ?? NaN) || null,
    coarse: reason,
  }
}

/** V8's and the allocator's part of memory of which only the size is known; the rest is other. */
export function divideAnonymous(
  bytes: number,
  { isolates, allocator }: CoarseFigures,
): Pick<MappedBytes, 'v8' | 'arenas' | 'other'> {
  const v8 = coarseV8Bytes(isolates, bytes)
  const { activeBytes, dirtyBytes, muzzyBytes, metadataBytes, mappedBytes } = allocator
  const native =
    activeBytes === null ? mappedBytes : activeBytes + (dirtyBytes ?? 0) + (muzzyBytes ?? 0) + (metadataBytes ?? 0)
  const { parts, left } = fill(bytes - v8, [native])
  return { v8, arenas: parts[0] ?? 0, other: left }
}

const NOTHING_MAPPED: MappedBytes = {
  v8: 0,
  v8Code: 0,
  wasm: 0,
  arenas: 0,
  blocks: 0,
  blocksVirtual: 0,
  stacks: 0,
  binary: [],
  files: [],
  shared: [],
  other: 0,
  swap: 0,
  workers: 0,
  threads: null,
  coarse: null,
}
