/** Live objects by class, by a walk of V8's heap that also finds what a planted object retains. */
import type { HeapClasses, NoHeapWalk } from '../../allocator/heap-walk.js'
import type { Instrument } from '../../measure/window.js'
import { formatBytes } from '../../support/units.js'
import { walkHeap } from './walk.js'

/** It is among the classes that are counted: nothing that anybody would notice there. */
const PLANTED_BYTES = 2000
/** The planted object's own shell: an array, a view, a buffer. */
const SHELL_BYTES = 1024

/**
 * Counts this isolate's live objects by class. In a twin only.
 *
 * @param likeSnapshot counts as V8's own snapshots do; for tests that compare the two
 */
export function walkClasses(
  instrument: Pick<Instrument, 'collector'>,
  objects: readonly object[] = [],
  likeSnapshot = false,
): HeapClasses | NoHeapWalk {
  const planted = [new Uint8Array(PLANTED_BYTES)]
  const wanted = [planted, ...objects]
  const walked = walkHeap(instrument, (twin, functions) => twin.heapClasses(functions, wanted, likeSnapshot))
  if (walked.reason !== undefined) return walked
  const [plantedBytes = -1, ...retained] = walked.retained
  const reason = doubtOfPlanted(plantedBytes)
  return reason === null ? { ...walked, retained } : { reason }
}

/** Why a walk is not to be trusted that found a planted object to retain so much; null where it is. Pure. */
export function doubtOfPlanted(plantedBytes: number): string | null {
  if (plantedBytes >= PLANTED_BYTES && plantedBytes <= PLANTED_BYTES + SHELL_BYTES) return null
  return `a planted object of ${formatBytes(PLANTED_BYTES)} was found to retain ${formatBytes(plantedBytes)}`
}
