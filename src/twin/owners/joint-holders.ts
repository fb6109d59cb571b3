/**
 * Memory that the members of a group hold together: no one of them alone keeps it alive, all of them do.
 *
 * Rule: it is the group's only where every reference to it comes out of the group, or of what is the group's already. Pure.
 */
import type { HeapOwners, RawOwner } from '../../allocator/heap-walk.js'

/** For each owner of that sort the group that it lies in. */
export function jointOuters({
  owners,
  holders,
}: Pick<HeapOwners, 'owners' | 'holders'>): ReadonlyMap<RawOwner, RawOwner> {
  const held = new Map<RawOwner, Set<RawOwner | undefined>>()
  for (const { owner, holder } of holders) {
    const at = owners[owner]
    if (at === undefined || at.partOf >= 0 || holder === owner) continue
    held.set(at, (held.get(at) ?? new Set()).add(owners[holder]))
  }
  const outers = new Map<RawOwner, RawOwner>()
  const outermost = (owner: RawOwner): RawOwner => {
    let at = owner
    for (;;) {
      const above = at.partOf < 0 ? outers.get(at) : owners[at.partOf]
      if (above === undefined) return at
      at = above
    }
  }
  // An object that was found in one round may be the origin of another's references.
  for (let known = -1; known !== outers.size;) {
    known = outers.size
    for (const [owner, by] of held) {
      if (outers.has(owner)) continue
      const tops = new Set([...by].map((each) => (each === undefined ? undefined : outermost(each))))
      tops.delete(owner)
      const [top] = tops
      if (tops.size === 1 && top !== undefined) outers.set(owner, top)
    }
  }
  return outers
}
