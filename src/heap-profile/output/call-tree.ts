/** Stacks joined from their outermost call on: the tree behind folded stacks and flame graphs. */
import { columnOf } from '../profile/columns-of.js'
import { PairTable } from '../profile/pair-table.js'
import { variancesOf } from '../profile/sampling-error.js'
import type { HeapProfile } from '../profile/types.js'
import { allocatorFrames, shownFrom } from './labels.js'
import { numberedNames } from './top.js'
import type { Names, OutputOptions } from './top.js'

/** Nodes as columns; a node's parent has a smaller number than it. The root is not among them. */
export interface CallTree {
  readonly names: readonly string[]
  readonly count: number
  /** Number of the parent + 1, 0 for a child of the root. */
  parentOf(node: number): number
  /** Index into `names`. */
  nameOf(node: number): number
  /** The bytes that were allocated in this very place, without what it called. */
  readonly self: Float64Array
  /** The variances of `self`; null where the profile does not say how it was sampled. */
  readonly variance: Float64Array | null
  readonly total: number
}

/** The names of a profile's frames, and which of the frames are left out. */
export interface ShownNames extends Names {
  /** Of each frame whether it is the allocator's; null where these are shown, too. */
  readonly allocator: Uint8Array | null
}

/** Each frame is named once for all that is made of a profile. */
export function shownNames(
  profile: HeapProfile,
  { allocatorFrames: withAllocator }: Required<OutputOptions>,
): ShownNames {
  return {
    ...numberedNames(profile, withAllocator),
    allocator: withAllocator ? null : allocatorFrames(profile),
  }
}

/** The tree of a profile. */
export function callTree(
  profile: HeapProfile,
  options: Required<OutputOptions>,
  { list, ofFrame, allocator }: ShownNames = shownNames(profile, options),
): CallTree {
  const column = columnOf(profile, options.type)
  const variances = variancesOf(profile, column)
  const { count, values, offsets, frames } = profile.samples
  const nodes = new PairTable()
  const ends = new Uint32Array(count)
  for (let sample = 0; sample < count; sample++) {
    const from = shownFrom(frames, offsets[sample] ?? 0, offsets[sample + 1] ?? 0, allocator)
    let node = 0
    for (let at = (offsets[sample + 1] ?? 0) - 1; at >= from; at--) {
      const names = ofFrame[frames[at] ?? 0] ?? []
      for (let inlined = names.length - 1; inlined >= 0; inlined--) node = nodes.numberOf(node, names[inlined] ?? 0) + 1
    }
    ends[sample] = node
  }
  const self = new Float64Array(nodes.count)
  const variance = variances === null ? null : new Float64Array(nodes.count)
  let total = 0
  for (let sample = 0; sample < count; sample++) {
    const value = values[sample * profile.sampleTypes.length + column.index] ?? 0
    total += value
    const end = (ends[sample] ?? 0) - 1
    if (end < 0) continue
    self[end] = (self[end] ?? 0) + value
    if (variance !== null) variance[end] = (variance[end] ?? 0) + (variances?.[sample] ?? 0)
  }
  return {
    names: list,
    count: nodes.count,
    parentOf: (node) => nodes.highOf(node),
    nameOf: (node) => nodes.lowOf(node),
    self,
    variance,
    total,
  }
}
