/**
 * The tree of a process's memory, from readings.
 *
 * Rule: RSS is the sum over the mappings of one reading, and every figure that comes from elsewhere divides a mapping and
 * never adds to it: the leaves add up exactly, and none is negative.
 */
import { formatBytes } from '../../support/units.js'
import { allocatorNode } from './allocator.js'
import { diagnose } from './diagnose.js'
import type { Diagnosis } from './diagnose.js'
import { branch, leaf } from './node.js'
import { PART } from './types.js'
import type { BreakdownReadings, MemoryNode, NamedBytes } from './types.js'
import { v8Node } from './v8.js'

/** More files than these are one leaf. */
const FILES_MAX = 12

/** The tree; its root's note is the diagnosis, in the light of what was said of the same process last. */
export function buildBreakdown(readings: BreakdownReadings, previous?: Diagnosis): MemoryNode {
  const { mapped } = readings
  const root = branch(PART.process, [
    v8Node(readings),
    allocatorNode(readings),
    leaf(PART.stacks, mapped.stacks, mapped.threads === null ? undefined : `${String(mapped.threads)} threads`),
    namedNode(PART.binary, mapped.binary),
    namedNode(PART.files, mapped.files),
    namedNode(PART.shared, mapped.shared),
    leaf(PART.other, mapped.other),
  ])
  const notes = [
    diagnose(root, undefined, previous).line,
    ...(mapped.swap > 0 ? [`${formatBytes(mapped.swap)} swapped out, outside RSS`] : []),
    ...(mapped.coarse === null ? [] : [`divided by figures and not by address: ${mapped.coarse}`]),
  ]
  return { ...root, note: notes.join('; ') }
}

/** The largest by name, the others together. */
function namedNode(name: string, parts: readonly NamedBytes[]): MemoryNode {
  const sorted = parts.filter(({ bytes }) => bytes > 0).toSorted((a, b) => b.bytes - a.bytes)
  if (sorted.length === 0) return leaf(name, 0)
  const shown = sorted.length > FILES_MAX ? sorted.slice(0, FILES_MAX - 1) : sorted
  const others = sorted.slice(shown.length)
  return branch(name, [
    ...shown.map((part) => leaf(part.name, part.bytes)),
    ...(others.length === 0 ? [] : [leaf(`${String(others.length)} others`, total(others))]),
  ])
}

function total(parts: readonly NamedBytes[]): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0)
}
