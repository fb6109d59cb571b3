/**
 * How far an amount of a profile may be from the truth, since only some allocations were sampled.
 *
 * Each allocated byte is sampled with the same chance, so an allocation of `size` bytes is with `p = 1 − exp(−size / interval)`,
 * and stands for `1 / p` of its kind then. The variance of such a sum is estimated by `(1 − p) · (size / p)²` for each sampled
 * one. A row has only the sums of its stack: all of it is taken to be of its mean size.
 *
 * Rule: nothing that is printed is too narrow for a known reason. A row that tells no number of objects has the variance of
 * small ones, which is the largest; a stack of both profiles of a difference has the variances of both.
 */
import type { ProfileColumn } from './columns-of.js'
import type { HeapProfile, SampleTypeName } from './types.js'

/** The column that counts the objects of a column of bytes. */
const OBJECTS_OF: Partial<Record<SampleTypeName, SampleTypeName>> = {
  inuse_space: 'inuse_objects',
  alloc_space: 'alloc_objects',
  temporary_space: 'temporary_objects',
}
const BYTES_OF: Partial<Record<SampleTypeName, SampleTypeName>> = {
  inuse_objects: 'inuse_space',
  alloc_objects: 'alloc_space',
  temporary_objects: 'temporary_space',
}
/** Of a normal distribution: what 95 % lie within. */
const QUANTILE = 1.96

/** The variance of each sample's amount, in the square of the column's unit; null where nothing says how it was sampled. */
export function variancesOf(profile: HeapProfile, { index, type }: ProfileColumn): Float64Array | null {
  const { samples, sampleTypes, sampleIntervalBytes } = profile
  if (samples.variances !== undefined) return type.type === 'inuse_space' ? samples.variances : null
  if (sampleIntervalBytes === null || profile.source === 'both' || samples.values.some((value) => value < 0))
    return null
  const columnNamed = (name: SampleTypeName | undefined): number => sampleTypes.findIndex((own) => own.type === name)
  const objects = type.unit === 'count' ? index : columnNamed(OBJECTS_OF[type.type])
  const bytes = type.unit === 'bytes' ? index : columnNamed(BYTES_OF[type.type])
  if (bytes === -1) return null
  const variances = new Float64Array(samples.count)
  for (let sample = 0; sample < samples.count; sample++) {
    const row = sample * sampleTypes.length
    const amount = samples.values[row + bytes] ?? 0
    const meanBytes = objects === -1 ? 0 : amount / (samples.values[row + objects] ?? 0)
    const variance = amount * bytesForEach(meanBytes, sampleIntervalBytes)
    variances[sample] = type.unit === 'bytes' ? variance : variance / meanBytes ** 2
  }
  return variances
}

/** The growth of a sum's variance with each byte: the interval for small objects, nothing for the largest. */
function bytesForEach(meanBytes: number, intervalBytes: number): number {
  return meanBytes > 0 ? meanBytes / Math.expm1(meanBytes / intervalBytes) : intervalBytes
}

/**
 * Half the width of the 95 % interval of an amount. An amount of few samples has seen its own variance only by chance: it is
 * widened by what one sample more would add.
 */
export function halfWidthOf(amount: number, variance: number): number {
  const share = amount === 0 ? 0 : variance / amount ** 2
  return QUANTILE * Math.sqrt(variance * (1 + Math.min(1, share)))
}
