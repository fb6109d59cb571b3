/** A heap profile of the process, as the command takes it apart. */
import v8 from 'node:v8'
import { HeapProfiler } from '../../profiling/profiler/heap-profiler.js'
import type { CaptureOptions } from '../../profiling/profiler/options.js'
import type { TaskContext } from './types.js'

/** Serialized as `v8.serialize()` does, in base64: it is made of columns, which JSON would blow up. */
export async function captureProfile(
  { seconds, kind }: Readonly<Record<string, unknown>>,
  { signal, progress }: TaskContext,
): Promise<string> {
  progress(`sampling allocations for ${String(seconds)} s`)
  await using profiler = new HeapProfiler()
  const options = { seconds, kind, signal } as CaptureOptions
  const profile = await profiler.capture(options)
  return v8.serialize(profile).toString('base64')
}
