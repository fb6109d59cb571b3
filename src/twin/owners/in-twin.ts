/** Owners of this process's memory, found in a twin before anything is emptied there. */
import v8 from 'node:v8'
import { addonOrNull } from '../../allocator/binding.js'
import type { Instrument } from '../../measure/window.js'
import type { ReportWarning } from '../../report/types.js'
import type { KnownCache } from '../discover/types.js'
import { functionsOfEveryKind } from '../heap-walk/functions.js'
import { doubtOfSize } from '../heap-walk/walk-classes.js'
import { namedObjects, ownersOf } from './owners.js'
import type { OwnersFound } from './owners.js'

/** What is sought. */
export interface OwnersSettings {
  readonly limit: number
  /** What alone keeps less alive is no owner, in bytes. */
  readonly leastBytes: number
  readonly known: readonly KnownCache[]
}

/** In a twin. Where the heap is not walked, the warning says why. */
export function ownersHere(
  { collector }: Pick<Instrument, 'collector'>,
  { limit, leastBytes, known }: OwnersSettings,
): OwnersFound | ReportWarning {
  const binding = addonOrNull()?.twin ?? null
  if (binding === null) return unknown('the native addon is not loaded')
  if (collector === null) return unknown('V8 gives no collector, and garbage would be counted')
  const objects = namedObjects(known)
  const functions = functionsOfEveryKind()
  collector.major()
  const heapBytes = v8.getHeapStatistics().used_heap_size
  const found = binding.heapOwners(
    functions,
    objects.map(({ object }) => object),
    leastBytes,
  )
  if (found.reason !== undefined) return unknown(found.reason)
  const doubt = doubtOfSize(found.objectBytes, heapBytes)
  return doubt === null ? ownersOf(found, objects, limit) : unknown(doubt)
}

function unknown(reason: string): ReportWarning {
  return {
    code: 'WARN_OWNERS_UNKNOWN',
    message: `the heap was not walked, so nothing is said of its owners: ${reason}`,
  }
}
