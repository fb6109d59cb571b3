/**
 * The order of rows: the largest first, and after a collection what its entries are, as far as many of them are owners
 * themselves: `uploads: Map(200)`, then `uploads[*].body: Buffer ×200`.
 *
 * Rule: no row is lost or made. Pure.
 */
import type { RawOwner } from '../../allocator/heap-walk.js'
import type { OwnerField } from '../../report/discovery/types.js'
import { outerGroup } from './group-owners.js'
import type { OwnerGroup } from './group-owners.js'

/** A row with what lies in its entries. */
export interface OrderedOwner {
  readonly group: OwnerGroup
  /** Its own bytes and those of the rows that its entries are. */
  readonly bytes: number
  /** How many rows its entries are. */
  readonly entryRows: number
}

/**
 * Entries of a collection that holds less than `leastBytes` itself are counted with it, and what one property of all of them holds;
 * `raw` is what `partOf` of the owners counts
 * in.
 */
export function orderOwners(
  groups: readonly OwnerGroup[],
  raw: readonly RawOwner[],
  leastBytes: number,
): OrderedOwner[] {
  const groupOf = new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)))
  const entriesOf = new Map<OwnerGroup, OwnerGroup[]>()
  const entries = new Set<OwnerGroup>()
  for (const group of groups) {
    const outer = collectionOf(group, raw, groupOf)
    if (outer === undefined) continue
    entries.add(group)
    entriesOf.set(outer, [...(entriesOf.get(outer) ?? []), group])
  }
  return trees(
    groups.filter((group) => !entries.has(group)),
    entriesOf,
    leastBytes,
  )
}

/** Each row, and behind it its entries. */
function trees(
  groups: readonly OwnerGroup[],
  entriesOf: ReadonlyMap<OwnerGroup, readonly OwnerGroup[]>,
  leastBytes: number,
): OrderedOwner[] {
  return groups
    .map((outer) => {
      const entries = entriesOf.get(outer) ?? []
      const isHull = ownBytesOf(outer) < leastBytes
      const isCounted = ({ first }: OwnerGroup): boolean =>
        (isHull && entries.length === 1) || (isHull || outer.fields !== undefined ? isEntry(outer, first.path) : false)
      const counted = entries.filter(isCounted)
      const others = [
        ...entries.filter((each) => !counted.includes(each)),
        ...counted.flatMap((each) => entriesOf.get(each) ?? []),
      ]
      const below = trees(others, entriesOf, leastBytes)
      const group = counted.reduce(withEntries, outer)
      const bytes = ownBytesOf(group) + below.reduce((sum, each) => sum + ownBytesOf(each.group), 0)
      return { group, bytes, entryRows: counted.length + below.length, below }
    })
    .sort((a, b) => b.bytes - a.bytes)
    .flatMap(({ below, ...row }) => [row, ...below])
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

/** The row of the collection whose entries all members are, or lie in; undefined where there is none. */
function collectionOf(
  group: OwnerGroup,
  raw: readonly RawOwner[],
  groupOf: ReadonlyMap<RawOwner, OwnerGroup>,
): OwnerGroup | undefined {
  const { first, members } = group
  if (members.length < 2) return undefined
  const outer = outerGroup(group, raw, groupOf)
  if (outer === undefined) return undefined
  return collectionPaths(outer).some((path) => first.path.startsWith(`${path}[`)) ? outer : undefined
}

/** The paths of the collection, and of those in its fields that are one with it. */
export function collectionPaths({ first, fields = [] }: OwnerGroup): string[] {
  return [first.path, ...fields.map(({ path }) => `${first.path}.${path}`)]
}

function isEntry(outer: OwnerGroup, path: string): boolean {
  return collectionPaths(outer).some((each) => path === `${each}[*]`)
}
