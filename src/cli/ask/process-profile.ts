/** A heap profile of a process that nobody prepared, taken by the agent. */
import v8 from 'node:v8'
import { Attachment } from '../../attach/client/attachment.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import { closeOnSignals } from './close-on-signals.js'

const DEFAULT_SECONDS = 30

/**
 * V8's heap, or, where jemalloc was started with profiling, the allocator's.
 *
 * @throws CacheAttributionError `ERR_ATTACH_*`, and what the profiler refuses there
 */
export async function profileOfProcess(
  pid: number,
  options: { readonly seconds: number | undefined; readonly kind: 'js' | 'native' | 'all' },
  log: (text: string) => void,
): Promise<HeapProfile> {
  const attachment = await Attachment.open(pid, { progress: log })
  const stop = closeOnSignals(() => attachment.close())
  try {
    const { seconds = DEFAULT_SECONDS, kind } = options
    const serialized = (await attachment.ask('profile', { seconds, kind })) as string
    return v8.deserialize(Buffer.from(serialized, 'base64')) as HeapProfile
  } finally {
    stop()
    await attachment.close()
  }
}
