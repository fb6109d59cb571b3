/** A profile without the frames of some packages. */
import { packageOf } from '../../support/package-of.js'
import type { Frame, HeapProfile } from './types.js'

/**
 * The profile without the JavaScript of some packages: what they allocated is their callers'. Bytes stay the same. `node` is
 * Node's own JavaScript.
 */
export function hidePackages(profile: HeapProfile, packages: readonly string[]): HeapProfile {
  const hidden = new Set(packages)
  const isHidden = profile.frames.map((frame) => isOf(frame, hidden))
  if (!isHidden.includes(true)) return profile
  const { count, frames, offsets } = profile.samples
  const kept: number[] = []
  const keptOffsets = new Uint32Array(count + 1)
  for (let sample = 0; sample < count; sample++) {
    for (const frame of frames.subarray(offsets[sample], offsets[sample + 1])) {
      if (isHidden[frame] !== true) kept.push(frame)
    }
    keptOffsets[sample + 1] = kept.length
  }
  return { ...profile, samples: { ...profile.samples, frames: Uint32Array.from(kept), offsets: keptOffsets } }
}

function isOf({ address, functions }: Frame, hidden: ReadonlySet<string>): boolean {
  if (address !== null || functions.length === 0) return false
  return functions.every(({ file }) => file !== null && hidden.has(packageOf(file) ?? ''))
}
