/** A profile as the residual of a report: its largest stacks by name. Pure. */
import type { ReportResidual, ResidualStack } from '../../report/residual/types.js'
import { allocatorFrames, labelsOf, shownFrom } from '../../heap-profile/output/labels.js'
import { columnOf, totalOf } from '../../heap-profile/profile/columns-of.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'

const STACKS_MAX = 20
const FRAMES_MAX = 32

/** The residual as a profile shows it. */
export function residualOf(profile: HeapProfile, takenIn: ReportResidual['takenIn']): ReportResidual {
  const stacks = stacksOf(profile)
  const sampledBytes = Math.round(totalOf(profile, 'inuse_space'))
  const largest = stacks.slice(0, STACKS_MAX)
  return {
    takenIn,
    sampleBytes: profile.sampleIntervalBytes,
    sampledBytes,
    stacks: largest,
    otherBytes: sampledBytes - largest.reduce((sum, { bytes }) => sum + bytes, 0),
    comments: profile.comments,
  }
}

/** Stacks that read the same are one, whatever the addresses in them. */
function stacksOf(profile: HeapProfile): ResidualStack[] {
  const { samples, sampleTypes } = profile
  const bytesAt = columnOf(profile, 'inuse_space').index
  const objectsAt = columnOf(profile, 'inuse_objects').index
  const allocator = allocatorFrames(profile)
  const names = profile.frames.map((frame) => labelsOf(profile, frame, false))
  const merged = new Map<string, { bytes: number; objects: number; frames: readonly string[] }>()
  for (let sample = 0; sample < samples.count; sample++) {
    const to = samples.offsets[sample + 1] ?? 0
    const from = shownFrom(samples.frames, samples.offsets[sample] ?? 0, to, allocator)
    const frames = [...samples.frames.subarray(from, to)].flatMap((frame) => names[frame] ?? [])
    const key = frames.join('\n')
    const stack = merged.get(key) ?? { bytes: 0, objects: 0, frames: frames.slice(0, FRAMES_MAX) }
    stack.bytes += samples.values[sample * sampleTypes.length + bytesAt] ?? 0
    stack.objects += samples.values[sample * sampleTypes.length + objectsAt] ?? 0
    merged.set(key, stack)
  }
  return [...merged.values()]
    .toSorted((a, b) => b.bytes - a.bytes)
    .filter(({ bytes }) => bytes > 0)
    .map(({ bytes, objects, frames }) => ({ bytes: Math.round(bytes), objects: Math.round(objects), frames }))
}
