/**
 * The guards around a walk of V8's heap in a twin.
 *
 * Rule: a walk counts only where it accounts for V8's own figure of its heap, right after a collection. Whatever else
 * happens has a reason in words, and V8's heap snapshot takes its place, or nothing is said.
 */
import v8 from 'node:v8'
import { addonOrNull } from '../../allocator/binding.js'
import type { TwinBinding } from '../../allocator/twin-binding.js'
import type { NoHeapWalk } from '../../allocator/heap-walk.js'
import type { Instrument } from '../../measure/window.js'
import { formatBytes } from '../../support/units.js'
import { functionsOfEveryKind } from './functions.js'

/** How far the bytes that were walked may be from V8's own figure: garbage since the collection, pages half filled. */
const HEAP_SHARE = 0.03
const HEAP_LEAST_BYTES = 1024 * 1024

/** The members of every walk's result. */
interface Walked {
  readonly reason?: undefined
  readonly objectBytes: number
}

/** V8's figure after a collection from which on little happened: how much it may have grown. */
const GROWN_MOST_BYTES = 512 * 1024

/**
 * Collects, walks, and compares. In a twin only: what is read wrong there ends the twin, and not the service. What
 * `walk` needs of JavaScript must be made before: it may not allocate beforehand.
 *
 * @param settledBytes V8's figure after an earlier collection: where it is hardly more now, the whole heap is not collected again
 */
export function walkHeap<T extends Walked>(
  { collector }: Pick<Instrument, 'collector'>,
  walk: (twin: TwinBinding, functions: readonly unknown[]) => T | NoHeapWalk,
  settledBytes = 0,
): T | NoHeapWalk {
  const twin = addonOrNull()?.twin ?? null
  if (twin === null) return { reason: 'the native addon is not loaded' }
  if (collector === null) return { reason: 'V8 gives no collector, and garbage would be counted' }
  const functions = functionsOfEveryKind()
  collector.minor()
  if (usedBytes() > settledBytes + GROWN_MOST_BYTES) collector.major()
  const heapBytes = usedBytes()
  const walked = walk(twin, functions)
  if (walked.reason !== undefined) return walked
  const doubt = doubtOfSize(walked.objectBytes, heapBytes)
  return doubt === null ? walked : { reason: doubt }
}

function usedBytes(): number {
  return v8.getHeapStatistics().used_heap_size
}

/** Whether the walk met what V8 counts: why not, or null. Pure. */
export function doubtOfSize(walkedBytes: number, heapBytes: number): string | null {
  if (Math.abs(walkedBytes - heapBytes) <= HEAP_LEAST_BYTES + HEAP_SHARE * heapBytes) return null
  return `it met ${formatBytes(walkedBytes)} of the ${formatBytes(heapBytes)} that V8 counts`
}
