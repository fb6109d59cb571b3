/**
 * The walk of V8's heap in a twin, and whether it is to be believed.
 *
 * Rule: a walk counts only where it accounts for V8's own figure of its heap and finds what a planted object retains.
 * Whatever else happens has a reason in words, and V8's heap snapshot takes its place.
 */
import v8 from 'node:v8'
import { addonOrNull } from '../../allocator/binding.js'
import type { HeapClasses, NoHeapWalk } from '../../allocator/port.js'
import type { Instrument } from '../../measure/window.js'
import { formatBytes } from '../../support/units.js'
import { functionsOfEveryKind } from './functions.js'

/** How far the bytes that were walked may be from V8's own figure: garbage since the collection, pages half filled. */
const HEAP_SHARE = 0.03
const HEAP_LEAST_BYTES = 1024 * 1024
const PLANTED_BYTES = 100_000
/** The planted object's own shell: an array, a view, a buffer. */
const SHELL_BYTES = 1024

/**
 * Counts this isolate's live objects by class. In a twin only: what is read wrong there ends the twin, and not the service.
 *
 * @param likeSnapshot counts as V8's own snapshots do; for tests that compare the two
 */
export function walkClasses(
  { collector }: Pick<Instrument, 'collector'>,
  objects: readonly object[] = [],
  likeSnapshot = false,
): HeapClasses | NoHeapWalk {
  const binding = addonOrNull()?.twin ?? null
  if (binding === null) return { reason: 'the native addon is not loaded' }
  if (collector === null) return { reason: 'V8 gives no collector, and garbage would be counted' }
  const functions = functionsOfEveryKind()
  const planted = [new Uint8Array(PLANTED_BYTES)]
  collector.major()
  const heapBytes = v8.getHeapStatistics().used_heap_size
  const walked = binding.heapClasses(functions, [planted, ...objects], likeSnapshot)
  if (walked.reason !== undefined) return walked
  const [plantedBytes = -1, ...retained] = walked.retained
  const reason = doubtOf(walked.objectBytes, heapBytes, plantedBytes)
  return reason === null ? { ...walked, retained } : { reason }
}

/** Why a walk is not to be believed; null where it is. Pure. */
export function doubtOf(walkedBytes: number, heapBytes: number, plantedBytes: number): string | null {
  const doubt = doubtOfSize(walkedBytes, heapBytes)
  if (doubt !== null) return doubt
  if (plantedBytes < PLANTED_BYTES || plantedBytes > PLANTED_BYTES + SHELL_BYTES) {
    return `a planted object of ${formatBytes(PLANTED_BYTES)} was found to retain ${formatBytes(plantedBytes)}`
  }
  return null
}

/** Whether the walk met what V8 counts: why not, or null. Pure. */
export function doubtOfSize(walkedBytes: number, heapBytes: number): string | null {
  if (Math.abs(walkedBytes - heapBytes) <= HEAP_LEAST_BYTES + HEAP_SHARE * heapBytes) return null
  return `it met ${formatBytes(walkedBytes)} of the ${formatBytes(heapBytes)} that V8 counts`
}
