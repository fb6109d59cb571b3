/** Which listed owners hold another one besides that in which it lies. Pure. */
import type { HeapOwners, RawOwner } from '../../allocator/heap-walk.js'

interface Holders {
  readonly raw: readonly RawOwner[]
  readonly holders: HeapOwners['holders']
  readonly placeOf: ReadonlyMap<RawOwner, number>
  /** That in which it lies. */
  readonly outer: RawOwner | undefined
}

/** Of a group these many of its members, at least. */
const HOLDER_SHARE = 0.1
const HOLDERS_MOST = 3

/** The places of the listed owners that hold it, but for the one that it lies in: none of them alone keeps it alive. */
export function sharedBy(
  place: number,
  members: readonly RawOwner[],
  { raw, holders, placeOf, outer }: Holders,
): number[] {
  const counts = new Map<number, number>()
  const own = new Set(members)
  const instances = Math.max(...members.map((member) => member.instances))
  const outerPlace = outer === undefined ? undefined : placeOf.get(outer)
  for (const { owner, holder, count } of holders) {
    const [held, by] = [raw[owner], raw[holder]]
    if (held === undefined || by === undefined || !own.has(held) || by === outer) continue
    // An object in it keeps nothing alive that it does not.
    if (isWithin(by, own, raw)) continue
    // One member of a group, whichever.
    if (instances === 1 && by.instances > 1) continue
    const at = placeOf.get(by)
    if (at !== undefined && at !== place && at !== outerPlace) counts.set(at, (counts.get(at) ?? 0) + count)
  }
  return [...counts]
    .filter(([, count]) => count >= HOLDER_SHARE * instances)
    .sort(([, a], [, b]) => b - a)
    .slice(0, HOLDERS_MOST)
    .map(([at]) => at)
}

function isWithin(owner: RawOwner, outers: ReadonlySet<RawOwner>, raw: readonly RawOwner[]): boolean {
  let at: RawOwner | undefined = owner
  while (at !== undefined && !outers.has(at)) at = raw[at.partOf]
  return at !== undefined
}
