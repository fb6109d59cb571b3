/**
 * The order of rows: the largest first, and after a collection what its entries are, as far as many of them are owners
 * themselves: `uploads: Map(200)`, then `uploads[*].body: Buffer ×200`. Connections have what lies in them behind them, too.
 *
 * Rule: no row is lost or made. Pure.
 */
import { ITEM_KINDS } from '../../allocator/heap-walk.js'
import type { RawOwner } from '../../allocator/heap-walk.js'
import type { OwnerField } from '../../report/discovery/types.js'
import type { OwnerGroup } from './group-owners.js'

/** That in which an owner lies. */
export type OuterOf = (owner: RawOwner) => RawOwner | undefined

/** A row with what lies in its entries. */
export interface OrderedOwner {
  readonly group: OwnerGroup
  /** Its own bytes and those of the rows that its entries are. */
  readonly bytes: number
  /** How many rows its entries are. */
  readonly entryRows: number
}

/**
 * Entries of a collection that holds less than `leastBytes` itself are counted with it, and what one property of all of them holds.
 */
export function orderOwners(groups: readonly OwnerGroup[], partOf: OuterOf, leastBytes: number): OrderedOwner[] {
  const groupOf = new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)))
  const entriesOf = new Map<OwnerGroup, OwnerGroup[]>()
  const entries = new Set<OwnerGroup>()
  for (const group of groups) {
    const outer = collectionOf(group, partOf, groupOf)
    if (outer === undefined) continue
    entries.add(group)
    entriesOf.set(outer, [...(entriesOf.get(outer) ?? []), group])
  }
  return trees(
    groups.filter((group) => !entries.has(group)),
    partOf,
    entriesOf,
    leastBytes,
  )
}

/** Each row, and behind it its entries. */
function trees(
  groups: readonly OwnerGroup[],
  partOf: OuterOf,
  entriesOf: ReadonlyMap<OwnerGroup, readonly OwnerGroup[]>,
  leastBytes: number,
): OrderedOwner[] {
  return groups
    .map((outer) => {
      const entries = entriesOf.get(outer) ?? []
      const isHull = ownBytesOf(outer) < leastBytes
      const isCounted = (each: OwnerGroup): boolean =>
        !areConnections(outer) &&
        each.members.every((member) => isMember(outer, partOf(member))) &&
        ((isHull && entries.length === 1) ||
          ((isHull || outer.fields !== undefined) && isEntry(outer, each.first.path)))
      const counted = entries.filter(isCounted)
      const others = [
        ...entries.filter((each) => !counted.includes(each)),
        ...counted.flatMap((each) => entriesOf.get(each) ?? []),
      ]
      const below = trees(others, partOf, entriesOf, leastBytes)
      const group = counted.reduce(withEntries, outer)
      const bytes = ownBytesOf(group) + below.reduce((sum, each) => sum + ownBytesOf(each.group), 0)
      return { group, bytes, entryRows: counted.length + below.length, below }
    })
    .sort((a, b) => b.bytes - a.bytes)
    .flatMap(({ below, ...row }) => [row, ...below])
}

function isMember({ members }: OwnerGroup, owner: RawOwner | undefined): boolean {
  return owner !== undefined && members.includes(owner)
}

function withEntries(outer: OwnerGroup, entries: OwnerGroup): OwnerGroup {
  const { fields } = outer
  const isOf = (path: string): boolean => entries.first.path.startsWith(`${outer.first.path}.${path}[`)
  return {
    ...outer,
    members: [...outer.members, ...entries.members],
    emptied: outer.emptied ?? outer.members,
    ...(fields === undefined ? {} : { fields: fields.map((field) => withBytes(field, isOf, entries)) }),
  }
}

function withBytes(field: OwnerField, isOf: (path: string) => boolean, entries: OwnerGroup): OwnerField {
  return isOf(field.path) ? { ...field, totalBytes: field.totalBytes + ownBytesOf(entries) } : field
}

/** The bytes that a row holds without the others. */
export function ownBytesOf({ members }: OwnerGroup): number {
  return members.reduce((sum, { ownBytes }) => sum + ownBytes, 0)
}

/** Of the members of a group: a few may be on their way elsewhere when the heap is walked. */
const MOST = 0.9

/**
 * The row of the collection whose entries nearly all members are, or lie in, or of the connections that they lie in; undefined where
 * there is none.
 */
function collectionOf(
  { first, members }: OwnerGroup,
  partOf: OuterOf,
  groupOf: ReadonlyMap<RawOwner, OwnerGroup>,
): OwnerGroup | undefined {
  const nearest = (fits: (around: OwnerGroup) => boolean): OwnerGroup | undefined =>
    aroundMost(members, (member) => {
      for (let at = partOf(member); at !== undefined; at = partOf(at)) {
        const around = groupOf.get(at)
        if (around !== undefined && fits(around)) return around
      }
      return undefined
    })
  const isOfEntries = (around: OwnerGroup): boolean =>
    around.first.path !== '' &&
    around.first.script === first.script &&
    collectionPaths(around).some((path) => first.path.startsWith(`${path}[`))
  if (members.length === 1 && first.instances === 1) return undefined
  return (members.length > 1 ? nearest(isOfEntries) : undefined) ?? nearest(areConnections)
}

/** The group that is around nearly all members, by what is around each; not that of the members themselves. */
function aroundMost(
  members: readonly RawOwner[],
  aroundOf: (member: RawOwner) => OwnerGroup | undefined,
): OwnerGroup | undefined {
  const counts = new Map<OwnerGroup, number>()
  for (const member of members) {
    const around = aroundOf(member)
    if (around !== undefined && around.members !== members) counts.set(around, (counts.get(around) ?? 0) + 1)
  }
  return [...counts].find(([, count]) => count >= MOST * members.length)?.[0]
}

function areConnections({ first }: OwnerGroup): boolean {
  const kind = ITEM_KINDS[first.item]
  return kind === 'sockets' || kind === 'requests'
}

/** The paths of the collection, and of those in its fields that are one with it. */
export function collectionPaths({ first, fields = [] }: OwnerGroup): string[] {
  return [first.path, ...fields.map(({ path }) => `${first.path}.${path}`)]
}

function isEntry(outer: OwnerGroup, path: string): boolean {
  return collectionPaths(outer).some((each) => path === `${each}[*]`)
}
