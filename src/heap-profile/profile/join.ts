/**
 * One profile of all memory: the allocator's and V8's, each under the JavaScript that made it.
 *
 * Rule: bytes that live stay what each profiler estimated, in a column of its own; `inuse_space` is their sum, and so is
 * `alloc_space` where both count what is freed. A stack of V8's has one
 * frame more, innermost, that says what it is.
 */
import { ProfileBuilder } from './builder.js'
import { columnOf } from './columns-of.js'
import { variancesOf } from './sampling-error.js'
import type { Frame, HeapProfile, SampleType, SampleTypeName } from './types.js'

/** The name of V8's own heap memory, beside native functions. */
export const V8_OBJECTS = '(objects in V8’s heap)'

/** @throws CacheAttributionError `ERR_PROFILE_COLUMN` */
export function joinProfiles(native: HeapProfile, js: HeapProfile): HeapProfile {
  const builder = new ProfileBuilder({
    source: 'both',
    sampleTypes: sampleTypesOf(native, js),
    sampleIntervalBytes: native.sampleIntervalBytes,
    takenAt: native.takenAt,
    durationMs: native.durationMs,
    mappings: native.mappings,
    comments: [...new Set([...native.comments, ...js.comments])],
  })
  addTo(builder, native, [], 'native_space')
  addTo(builder, js, [builder.named(V8_OBJECTS)], 'heap_space')
  return builder.build()
}

/** Without the live bytes of V8's heap, which it may not tell of all that was allocated, there is no sum of them. */
function sampleTypesOf(native: HeapProfile, js: HeapProfile): readonly SampleType[] {
  const has = (name: SampleTypeName): boolean =>
    [native, js].every(({ sampleTypes }) => sampleTypes.some(({ type }) => type === name))
  const live: SampleTypeName[] = has('inuse_space') ? ['native_space', 'heap_space', 'inuse_space'] : []
  const names = has('alloc_space') ? [...live, 'alloc_space' as const] : live
  return names.map((type) => ({ type, unit: 'bytes' }))
}

function addTo(
  builder: ProfileBuilder,
  profile: HeapProfile,
  innermost: readonly number[],
  kind: 'native_space' | 'heap_space',
): void {
  const { frames, samples, sampleTypes } = profile
  const own = (type: SampleTypeName): SampleTypeName => (type === kind ? 'inuse_space' : type)
  const columns = builder.sampleTypes.map(({ type }) => sampleTypes.findIndex((given) => given.type === own(type)))
  const live = sampleTypes.findIndex(({ type }) => type === 'inuse_space')
  const variances = live === -1 ? null : variancesOf(profile, columnOf(profile, 'inuse_space'))
  const numbers = frames.map((frame: Frame) => builder.frame(frame))
  for (let sample = 0; sample < samples.count; sample++) {
    const stack = samples.frames.subarray(samples.offsets[sample], samples.offsets[sample + 1])
    const row = columns.map((column) =>
      column === -1 ? 0 : (samples.values[sample * sampleTypes.length + column] ?? 0),
    )
    const joined = [...innermost, ...Array.from(stack, (frame) => numbers[frame] ?? 0)]
    builder.add(joined, row, variances?.[sample])
  }
}
