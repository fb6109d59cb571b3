/**
 * The temporary view of a profile: what was allocated and is freed again.
 *
 * Rule: it is no measurement of its own. It is what was allocated less what lives, stack by stack, so that the three add up.
 */
import type { HeapProfile, SampleType, SampleTypeName } from './types.js'

/** A temporary kind of value with the two that it is the difference of. */
const PARTS = [
  { made: { type: 'temporary_objects', unit: 'count' }, allocated: 'alloc_objects', live: 'inuse_objects' },
  { made: { type: 'temporary_space', unit: 'bytes' }, allocated: 'alloc_space', live: 'inuse_space' },
] as const satisfies readonly { made: SampleType; allocated: SampleTypeName; live: SampleTypeName }[]

/** Whether an amount of this kind is what came and went. */
export function isTemporary(type: SampleTypeName): boolean {
  return PARTS.some(({ made }) => made.type === type)
}

/** The profile with columns of what came and went, where `type` is one of them and the profile has what they are made of. */
export function withTemporary(profile: HeapProfile, type: SampleTypeName): HeapProfile {
  const { sampleTypes, samples } = profile
  const columnOf = (name: SampleTypeName): number => sampleTypes.findIndex((own) => own.type === name)
  if (!isTemporary(type) || columnOf(type) !== -1) return profile
  const added = PARTS.map(({ made, allocated, live }) => {
    return { made, allocated: columnOf(allocated), live: columnOf(live) }
  }).filter(({ allocated, live }) => allocated !== -1 && live !== -1)
  if (added.length === 0) return profile
  const [width, wider] = [sampleTypes.length, sampleTypes.length + added.length]
  const values = new Float64Array(samples.count * wider)
  for (let sample = 0; sample < samples.count; sample++) {
    const row = samples.values.subarray(sample * width, (sample + 1) * width)
    values.set(row, sample * wider)
    for (const [index, { allocated, live }] of added.entries()) {
      values[sample * wider + width + index] = (row[allocated] ?? 0) - (row[live] ?? 0)
    }
  }
  // Rows of threads have no such columns.
  return {
    ...profile,
    sampleTypes: [...sampleTypes, ...added.map(({ made }) => made)],
    samples: { ...samples, values },
    threads: null,
  }
}
