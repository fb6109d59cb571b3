/** Owners of this process's memory, found in a twin before anything is emptied there. */
import type { Instrument } from '../../measure/window.js'
import type { ReportWarning } from '../../report/types.js'
import { walkHeap } from '../heap-walk/walk.js'
import type { CacheObject } from '../discover/recognise-caches.js'
import { ownersOf } from './owners-of.js'
import type { OwnersFound } from './owners-of.js'

/** What is sought. */
export interface OwnersSettings {
  readonly limit: number
  /** What alone keeps less alive is no owner, in bytes. */
  readonly leastBytes: number
  readonly caches: readonly CacheObject[]
}

/** In a twin. Where the heap is not walked, the warning says why. */
export function ownersHere(
  instrument: Pick<Instrument, 'collector'>,
  { limit, leastBytes, caches }: OwnersSettings,
): OwnersFound | ReportWarning {
  const objects = caches.map(({ object }) => object)
  const found = walkHeap(instrument, (twin, functions) => twin.heapOwners(functions, objects, leastBytes))
  return found.reason === undefined ? ownersOf(found, caches, limit) : unknown(found.reason)
}

function unknown(reason: string): ReportWarning {
  return {
    code: 'WARN_OWNERS_UNKNOWN',
    message: `the heap was not walked, so nothing is said of its owners: ${reason}`,
  }
}
