/** Owners of this process's memory by V8's own heap snapshot, in a twin: slower, larger, and less is known of each. */
import type { RawOwner } from '../../allocator/port.js'
import { messageOf } from '../../support/errors.js'
import { HeapInspector } from '../discover/inspector.js'
import { containerKind, entryCount } from '../discover/intrinsics.js'
import type { CacheObject } from '../discover/recognise-caches.js'
import { heapGraph } from '../heap-snapshot/class-histogram.js'
import { snapshotProblem } from '../heap-snapshot/snapshot-memory.js'
import { ownersOf } from './owners-of.js'
import type { OwnersFound } from './owners-of.js'
import { snapshotOwners } from './snapshot-owners.js'
import type { SnapshotOwner } from './snapshot-owners.js'

/** The owners, or why there are none. */
export function ownersBySnapshot(
  caches: readonly CacheObject[],
  { limit, leastBytes }: { readonly limit: number; readonly leastBytes: number },
): OwnersFound | { readonly problem: string } {
  const problem = snapshotProblem()
  if (problem !== null) return { problem }
  let inspector: HeapInspector | null = null
  try {
    inspector = new HeapInspector()
    const open = inspector
    const known = caches.map(({ object }) => open.heapId(object))
    const found = snapshotOwners(heapGraph(), known, leastBytes)
    const owners = found.owners.map((owner) => withObject(owner, open))
    // What each package costs the snapshot does not tell, so that what is in no owner has no name.
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
