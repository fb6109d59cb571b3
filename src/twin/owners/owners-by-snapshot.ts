/** Owners of this process's memory by V8's own heap snapshot, in a twin: slower, larger, and less is known of each. */
import type { RawOwner } from '../../allocator/heap-walk.js'
import { messageOf } from '../../support/errors.js'
import { HeapInspector } from '../discover/inspector.js'
import { containerKind, entryCount } from '../discover/intrinsics.js'
import type { CacheObject } from '../discover/recognise-caches.js'
import { heapGraph } from '../heap-snapshot/class-histogram.js'
import type { HeapGraph } from '../heap-snapshot/graph.js'
import { snapshotProblem } from '../heap-snapshot/snapshot-memory.js'
import { ownersOf } from './owners-of.js'
import type { OwnersFound } from './owners-of.js'
import { snapshotOwners } from './snapshot-owners.js'
import type { SnapshotOwner } from './snapshot-owners.js'
import type { SnapshotTime } from './snapshot-time.js'

/** The search, and until when it may last. */
interface SnapshotSettings {
  readonly limit: number
  readonly leastBytes: number
  /** The time that is left for it. */
  readonly time: SnapshotTime
}

/** The owners, or why there are none. V8 makes its snapshot as a whole: once it has begun the text alone can be broken off. */
export function ownersBySnapshot(
  caches: readonly CacheObject[],
  { limit, leastBytes, time }: SnapshotSettings,
): OwnersFound | { readonly problem: string } {
  const problem = snapshotProblem() ?? time.problem()
  if (problem !== null) return { problem }
  let inspector: HeapInspector | null = null
  try {
    inspector = new HeapInspector()
    const open = inspector
    const known = caches.map(({ object }) => open.heapId(object))
    const found = snapshotOwners(graphWithin(time), known, leastBytes)
    const owners = found.owners.map((owner) => withObject(owner, open))
    // The snapshot does not tell the cost of each package, so that a part in no owner has no name.
    const { live, ...rest } = ownersOf({ ...found, owners }, caches, limit)
    const { totalBytes, ownedBytes, restBytes } = live
    return { ...rest, live: { totalBytes, ownedBytes, restBytes }, parts: [], packages: [] }
  } catch (error) {
    return { problem: messageOf(error) }
  } finally {
    inspector?.close()
  }
}

/** Maps, Sets, arrays and dictionaries: of other objects the fields are not known, and some of them would stay. */
function withObject({ heapId, ...owner }: SnapshotOwner, inspector: HeapInspector): RawOwner {
  const object = heapId === null ? null : inspector.objectOf(heapId)
  const kind = object === null ? null : containerKind(object)
  if (object === null || kind === null || (kind === 'object' && owner.className !== 'Object')) return owner
  return { ...owner, entries: kind === 'object' ? -1 : entryCount(object, kind), object }
}

/** @throws Error where the time is over before it is read */
function graphWithin(time: SnapshotTime): HeapGraph {
  return heapGraph(() => {
    const problem = time.problem()
    if (problem !== null) throw new Error(problem)
  })
}
