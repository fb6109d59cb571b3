/**
 * Rows of what the addon found. Owners with one path are reported together, and so are groups that hang together member by member: the
 * timers of one place, their functions, and the variables and messages of those, which something else holds as well.
 *
 * Rule: nothing is counted twice, since each raw owner is in one row. Pure.
 */
import type { HeapOwners, RawOwner } from '../../allocator/heap-walk.js'
import type { OwnerField } from '../../report/discovery/types.js'

/** Raw owners of one row. */
export interface OwnerGroup {
  /** By which the row is named. */
  readonly first: RawOwner
  readonly members: readonly RawOwner[]
  /** Those of `members` that `first` stands for. */
  readonly alike: readonly RawOwner[]
  /** Those by whose emptying the others go. @default members */
  readonly emptied?: readonly RawOwner[]
  /** Of an object that is joined with its fields: what each holds. */
  readonly fields?: readonly OwnerField[]
  /** The same: how many entries it has; null where that is not known. */
  readonly entries?: number | null
}

/** How far apart the numbers of two groups may be that belong to each other: some items begin or end meanwhile. */
const COUNTS_APART = 0.1

/**
 * Copies of a module that differ in their query, and instances that differ in nothing, have one row; so have instances that are
 * registered as one cache, by the name that `cacheOf` gives.
 */
export function groupOwners(
  owners: readonly RawOwner[],
  { owners: raw, holders }: Pick<HeapOwners, 'owners' | 'holders'>,
  cacheOf: (owner: RawOwner) => string | null = () => null,
): OwnerGroup[] {
  const leads = leadersOf(raw, holders)
  const groups = new Map<string, { first: RawOwner; members: RawOwner[]; alike: RawOwner[] }>()
  for (const owner of owners) {
    const first = leads.get(owner) ?? owner
    const key = keyOf(first, cacheOf(first))
    const group = groups.get(key)
    if (group === undefined) {
      groups.set(key, { first, members: [owner], alike: first === owner ? [owner] : [] })
    } else {
      group.members.push(owner)
      if (leads.get(owner) === undefined || first === owner) group.alike.push(owner)
    }
  }
  return [...groups.values()].map((group) => (group.alike.length === 0 ? { ...group, alike: [group.first] } : group))
}

function keyOf(owner: RawOwner, cache: string | null): string {
  return JSON.stringify([
    owner.className,
    owner.path,
    withoutQuery(owner.script),
    owner.path === '' ? owner.label : '',
    cache ?? owner.known,
    owner.item,
    owner.item === 0 ? 0 : owner.siteLine,
  ])
}

/** For each group that hangs together with others the one by which all of them are named. */
function leadersOf(raw: readonly RawOwner[], holders: HeapOwners['holders']): ReadonlyMap<RawOwner, RawOwner> {
  const leads = new Map<RawOwner, RawOwner>()
  const leadOf = (owner: RawOwner): RawOwner => {
    let at = owner
    for (let above = leads.get(at); above !== undefined && above !== at; above = leads.get(at)) at = above
    return at
  }
  for (const { owner, holder, count } of holders) {
    const [held, by] = [raw[owner], raw[holder]]
    if (held === undefined || by === undefined || !belong(held, by, count)) continue
    const [one, other] = [leadOf(held), leadOf(by)]
    if (one === other) continue
    const [first, second] = isBetterName(one, other) ? [one, other] : [other, one]
    leads.set(second, first)
    leads.set(first, first)
  }
  return new Map([...leads.keys()].map((owner) => [owner, leadOf(owner)]))
}

/** Of two groups of as many members one holds nearly each of the other. */
function belong(held: RawOwner, by: RawOwner, count: number): boolean {
  if (held.instances === 1 || by.instances === 1) return false
  const apart = Math.abs(held.instances - by.instances) / Math.max(held.instances, by.instances)
  return apart <= COUNTS_APART && count >= (1 - COUNTS_APART) * Math.min(held.instances, by.instances)
}

/** An item that waits names best, then a thing with a name, then one of a script. */
function isBetterName(one: RawOwner, other: RawOwner): boolean {
  const rank = ({ item, path, script, label }: RawOwner): number =>
    (item === 0 ? 0 : 8) + (path === '' ? 0 : 4) + (script === '' ? 0 : 2) + (label === '' ? 0 : 1)
  return rank(one) === rank(other) ? one.ownBytes >= other.ownBytes : rank(one) > rank(other)
}

/** `rules.mjs?v=7&t=1` → `rules.mjs?v=*&t=*`; what is no key of a query goes with it. */
export function withoutQuery(script: string): string {
  const end = script.indexOf('?')
  if (end === -1) return script
  const keys = script.slice(end + 1).split('&')
  return `${script.slice(0, end)}?${keys.map((key) => (key.includes('=') ? `${key.slice(0, key.indexOf('=') + 1)}*` : '*')).join('&')}`
}

/** The group of one script whose members are around all members of this one; undefined where there is none, or it has no path. */
export function outerGroup(
  { first, members }: OwnerGroup,
  raw: readonly RawOwner[],
  groupOf: ReadonlyMap<RawOwner, OwnerGroup>,
): OwnerGroup | undefined {
  const outers = new Set(
    members.map(({ partOf }) => {
      const outer = raw[partOf]
      return outer === undefined ? undefined : groupOf.get(outer)
    }),
  )
  const [outer] = outers
  if (outers.size !== 1 || outer === undefined || outer.first.path === '') return undefined
  return first.script === outer.first.script ? outer : undefined
}
