/** Owners of this process's memory, found in a twin before anything is emptied there. */
import type { Instrument } from '../../measure/window.js'
import type { ReportWarning } from '../../report/types.js'
import type { HeapOwners, NoHeapWalk } from '../../allocator/heap-walk.js'
import { walkHeap } from '../heap-walk/walk.js'
import { collectionTraits } from '../discover/collection-traits.js'
import type { CacheObject } from '../discover/recognise-caches.js'
import { ownersBySnapshot } from './owners-by-snapshot.js'
import { ownersOf } from './owners-of.js'
import type { OwnersFound } from './owners-of.js'
import { SnapshotTime, tooLong } from './snapshot-time.js'

/** The search. */
export interface OwnersSettings {
  readonly limit: number
  /** The least that an owner alone keeps alive, in bytes. */
  readonly leastBytes: number
  readonly caches: readonly CacheObject[]
  /** V8's figure of its heap after the collection before. @default it is collected here */
  readonly settledBytes?: number
  /** When the budget ends, on the clock of the environment. @default never */
  readonly endsAtMs?: number
  /** Told before V8's snapshot is taken: why, and how long it may take. It cannot be stopped from within. */
  readonly onSnapshot?: (warning: ReportWarning, mostMs: number) => void
}

/** The findings, and what is to be told of how. */
export interface OwnersHere {
  /** Null where nothing could be. */
  readonly found: OwnersFound | null
  /** By the walk. */
  readonly isWalked: boolean
  readonly warnings: readonly ReportWarning[]
}

/**
 * In a twin: by a walk of the heap, else by V8's own snapshot, and a warning says why.
 *
 * @param noWalk why the heap is not walked again: a walk ended the twin before this one
 */
export function ownersHere(
  instrument: Pick<Instrument, 'collector' | 'environment'>,
  { limit, leastBytes, caches, settledBytes, endsAtMs, onSnapshot }: OwnersSettings,
  noWalk: string | null = null,
): OwnersHere {
  const objects = caches.map(({ object }) => object)
  const walked: HeapOwners | NoHeapWalk =
    noWalk === null
      ? walkHeap(instrument, (twin, functions) => twin.heapOwners(functions, objects, leastBytes), settledBytes)
      : { reason: noWalk }
  if (walked.reason === undefined)
    return { found: ownersOf(walked, caches, limit, leastBytes, collectionTraits()), isWalked: true, warnings: [] }
  const time = new SnapshotTime(instrument.environment, endsAtMs)
  onSnapshot?.(unknown(`${walked.reason}; ${tooLong(time.mostMs)}`), time.mostMs)
  const found = ownersBySnapshot(caches, { limit, leastBytes, time })
  if ('problem' in found)
    return { found: null, isWalked: false, warnings: [unknown(`${walked.reason}; ${found.problem}`)] }
  return { found, isWalked: false, warnings: [bySnapshot(walked.reason)] }
}

function bySnapshot(reason: string): ReportWarning {
  return {
    code: 'WARN_OWNERS_BY_SNAPSHOT',
    message: `the heap was not walked, so owners come from V8's heap snapshot, without packages and what waits: ${reason}`,
  }
}

function unknown(reason: string): ReportWarning {
  return {
    code: 'WARN_OWNERS_UNKNOWN',
    message: `the heap was not walked, so nothing is said of its owners: ${reason}`,
  }
}
