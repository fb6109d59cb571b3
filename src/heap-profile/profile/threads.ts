/** One thread of a profile. */
import { CacheAttributionError } from '../../support/errors.js'
import type { HeapProfile } from './types.js'

/**
 * The allocations of one thread, as a profile. Rows of threads are estimates by themselves: they need not add
 * up to the whole.
 *
 * @param id jemalloc's number of the thread, see `profile.threads.list`
 * @throws CacheAttributionError `ERR_PROFILE_COLUMN` where there are no rows of this thread
 * @example
 * for (const { id, name } of profile.threads?.list ?? []) console.log(id, name, totalOf(selectThread(profile, id)))
 */
export function selectThread(profile: HeapProfile, id: number): HeapProfile {
  const { threads, samples, sampleTypes } = profile
  const wanted = threads?.list.findIndex((thread) => thread.id === id) ?? -1
  if (threads === null || wanted === -1) {
    const there = threads?.list.map((thread) => thread.id).join(', ') ?? 'none'
    throw new CacheAttributionError(
      'ERR_PROFILE_COLUMN',
      `the profile has no rows of thread ${id} (there are ${there})`,
    )
  }
  const rows = [...threads.threads.keys()].filter((row) => threads.threads[row] === wanted)
  const width = sampleTypes.length
  const stacks = rows.map((row) => {
    const sample = threads.samples[row] ?? 0
    return samples.frames.subarray(samples.offsets[sample], samples.offsets[sample + 1])
  })
  const offsets = new Uint32Array(rows.length + 1)
  for (const [index, stack] of stacks.entries()) offsets[index + 1] = (offsets[index] ?? 0) + stack.length
  const frames = new Uint32Array(offsets[rows.length] ?? 0)
  const values = new Float64Array(rows.length * width)
  for (const [index, row] of rows.entries()) {
    frames.set(stacks[index] ?? [], offsets[index])
    values.set(threads.values.subarray(row * width, (row + 1) * width), index * width)
  }
  return { ...profile, samples: { count: rows.length, values, offsets, frames }, threads: null }
}
