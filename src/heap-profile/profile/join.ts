/**
 * One profile of all memory: the allocator's and V8's, each under the JavaScript that made it.
 *
 * Rule: bytes stay what each profiler estimated, in a column of its own; `inuse_space` is their sum. A stack of V8's has one
 * frame more, innermost, that says what it is.
 */
import { ProfileBuilder } from './builder.js'
import { columnOf } from './columns-of.js'
import { variancesOf } from './sampling-error.js'
import type { Frame, HeapProfile } from './types.js'

/** The name of V8's own heap memory, beside native functions. */
export const V8_OBJECTS = '(objects in V8’s heap)'

/** @throws CacheAttributionError `ERR_PROFILE_COLUMN` */
export function joinProfiles(native: HeapProfile, js: HeapProfile): HeapProfile {
  const builder = new ProfileBuilder({
    source: 'both',
    sampleTypes: [
      { type: 'native_space', unit: 'bytes' },
      { type: 'heap_space', unit: 'bytes' },
      { type: 'inuse_space', unit: 'bytes' },
    ],
    sampleIntervalBytes: native.sampleIntervalBytes,
    takenAt: native.takenAt,
    durationMs: native.durationMs,
    mappings: native.mappings,
    comments: [...new Set([...native.comments, ...js.comments])],
  })
  addTo(builder, native, [], (bytes) => [bytes, 0, bytes])
  addTo(builder, js, [builder.named(V8_OBJECTS)], (bytes) => [0, bytes, bytes])
  return builder.build()
}

function addTo(
  builder: ProfileBuilder,
  profile: HeapProfile,
  innermost: readonly number[],
  row: (bytes: number) => number[],
): void {
  const { frames, samples, sampleTypes } = profile
  const column = columnOf(profile, 'inuse_space')
  const variances = variancesOf(profile, column)
  const numbers = frames.map((frame: Frame) => builder.frame(frame))
  for (let sample = 0; sample < samples.count; sample++) {
    const stack = samples.frames.subarray(samples.offsets[sample], samples.offsets[sample + 1])
    const bytes = samples.values[sample * sampleTypes.length + column.index] ?? 0
    const joined = [...innermost, ...Array.from(stack, (frame) => numbers[frame] ?? 0)]
    builder.add(joined, row(bytes), variances?.[sample])
  }
}
