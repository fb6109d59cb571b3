/** Which column of a profile a caller wants. */
import { CacheAttributionError, describe } from '../../support/errors.js'
import { isTemporary } from './temporary.js'
import type { HeapProfile, SampleType, SampleTypeName } from './types.js'

/** One kind of value of a profile. */
export interface ProfileColumn {
  readonly index: number
  readonly type: SampleType
}

/** The default view. */
export const DEFAULT_SAMPLE_TYPE: SampleTypeName = 'inuse_space'

/** How a profile gets what is freed already. */
const ACCUMULATED =
  'what was allocated and is freed is counted in a process that was started with MALLOC_CONF=prof_accum:true, and of V8’s heap in a capture that says temporary'

/** The column of this name. @throws CacheAttributionError `ERR_PROFILE_COLUMN` */
export function columnOf(profile: HeapProfile, name: SampleTypeName = DEFAULT_SAMPLE_TYPE): ProfileColumn {
  const index = profile.sampleTypes.findIndex(({ type }) => type === name)
  const type = profile.sampleTypes[index]
  if (type !== undefined) return { index, type }
  const there = profile.sampleTypes.map((sampleType) => sampleType.type).join(', ')
  const isOfAll = name.startsWith('alloc_') || isTemporary(name)
  const hint = isOfAll ? `; ${ACCUMULATED}` : ''
  throw new CacheAttributionError('ERR_PROFILE_COLUMN', `the profile has no ${describe(name)}, only ${there}${hint}`)
}

/** The sum of a column: an estimate, not rounded. */
export function totalOf(profile: HeapProfile, name: SampleTypeName = DEFAULT_SAMPLE_TYPE): number {
  const { index } = columnOf(profile, name)
  const { values } = profile.samples
  let total = 0
  for (let at = index; at < values.length; at += profile.sampleTypes.length) total += values[at] ?? 0
  return total
}
