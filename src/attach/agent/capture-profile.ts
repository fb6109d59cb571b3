/** A heap profile of the process, as the command takes it apart. */
import v8 from 'node:v8'
import { HeapProfiler } from '../../profiling/profiler/heap-profiler.js'
import type { CaptureKind, CaptureOptions } from '../../profiling/profiler/options.js'
import type { TaskContext } from './types.js'

const SAMPLED: Readonly<Record<CaptureKind, string>> = {
  native: 'native allocations, by the profiler of jemalloc,',
  js: "allocations on V8's heap",
  all: "native allocations and those on V8's heap",
}

/** Serialized as `v8.serialize()` does, in base64: it is made of columns, which JSON would blow up. */
export async function captureProfile(
  { seconds, kind, leak, temporary }: Readonly<Record<string, unknown>>,
  { signal, progress }: TaskContext,
): Promise<string> {
  await using profiler = new HeapProfiler()
  const chosen = (kind ?? kindFor(profiler)) as CaptureKind
  progress(`sampling ${SAMPLED[chosen]} for ${String(seconds)} s`)
  const options = { seconds, kind: chosen, signal, leak, temporary } as CaptureOptions
  const profile = await profiler.capture(options)
  return v8.serialize(profile).toString('base64')
}

/** Who started jemalloc with profiling asks for native memory. */
function kindFor(profiler: HeapProfiler): CaptureKind {
  try {
    profiler.check()
    return 'native'
  } catch {
    return 'js'
  }
}
