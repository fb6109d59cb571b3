/**
 * Joins an object with the collections in its fields: an LRU cache is a Map, two arrays and a list, and a reader wants one row of it.
 *
 * Rule: a hub keeps its collections apart. Fields are one thing only where the object has the methods of a collection, or where two
 * of its collections hold the same entries; the row has what each field holds. Nothing is counted twice. Pure.
 */
import type { HeapOwners, RawOwner, RawShared } from '../../allocator/heap-walk.js'
import type { OwnerField } from '../../report/discovery/types.js'
import { outerGroup } from './group-owners.js'
import type { OwnerGroup } from './group-owners.js'
import { kindOf } from './owner-kind.js'

/** The facts that only the objects themselves tell. */
export interface CollectionTraits {
  /** Whether an object has the methods of a collection; where its collections are private, one to read or to write suffices. */
  isCollection(object: object, hasPrivate: boolean): boolean
  /** The entries of a collection that keeps them in its fields; null where that is not known. */
  entriesOf(object: object): number | null
}

/** Where no object is at hand. */
export const NO_TRAITS: CollectionTraits = { isCollection: () => false, entriesOf: () => null }

/** Rows, and owners that are in none: they hold next to nothing besides others. */
export interface JoinedGroups {
  readonly groups: readonly OwnerGroup[]
  readonly unlisted: readonly RawOwner[]
}

/** Two collections that share fewer of their entries hold others besides. */
const SHARED_SHARE = 0.5
const OF_LANGUAGE: ReadonlySet<string> = new Set(['Object', 'Array', 'Map', 'Set', 'system / Context', '(closure)'])

/** The groups, with the fields of an object in its group; instances of less than `leastBytes` are of what holds them. */
export function joinFields(
  groups: readonly OwnerGroup[],
  { owners: raw, shared }: Pick<HeapOwners, 'owners' | 'shared'>,
  traits: CollectionTraits,
  leastBytes: number,
): JoinedGroups {
  const groupOf = new Map(groups.flatMap((group) => group.members.map((member) => [member, group] as const)))
  const fieldsOf = new Map<OwnerGroup, OwnerGroup[]>()
  for (const group of groups) {
    const outer = outerOfField(group, raw, groupOf)
    if (outer !== undefined) fieldsOf.set(outer, [...(fieldsOf.get(outer) ?? []), group])
  }
  const below = (group: OwnerGroup): OwnerGroup[] =>
    (fieldsOf.get(group) ?? []).flatMap((field) => [field, ...below(field)])
  const absorbed = new Set<OwnerGroup>()
  const joined: OwnerGroup[] = []
  for (const group of groups.toSorted((a, b) => a.first.path.length - b.first.path.length)) {
    if (absorbed.has(group)) continue
    const all = fieldsOf.get(group) ?? []
    const isWhole = all.length > 0 && isCollectionClass(group, all, traits)
    const own = isWhole ? { fields: all, emptied: group.alike } : sharingFields(group, all, raw, shared)
    const fields = own.fields.flatMap((field) => [field, ...below(field)])
    for (const field of fields) absorbed.add(field)
    joined.push(fields.length === 0 ? group : asOne(group, fields, { isWhole, emptied: own.emptied, traits }))
  }
  return withoutHulls(joined, raw, leastBytes)
}

/** The group in one field of whose members all members of this one are; undefined where there is none. */
function outerOfField(
  group: OwnerGroup,
  raw: readonly RawOwner[],
  groupOf: ReadonlyMap<RawOwner, OwnerGroup>,
): OwnerGroup | undefined {
  const { first } = group
  // Listeners are named by their event.
  if (first.item !== 0 || first.path === '' || kindOf(group) === 'listeners') return undefined
  const outer = outerGroup(group, raw, groupOf)
  return outer !== undefined && fieldIn(outer, first.path) !== null ? outer : undefined
}

/** `users.#byId` in `users` is `#byId`; null of what is no field, such as an entry. */
function fieldIn({ first }: OwnerGroup, path: string): string | null {
  if (!path.startsWith(`${first.path}.`)) return null
  const field = path.slice(first.path.length + 1)
  return /\[\*\]|›/.test(field) ? null : field
}

function isCollectionClass(group: OwnerGroup, fields: readonly OwnerGroup[], traits: CollectionTraits): boolean {
  const { first, alike } = group
  if (first.item !== 0 || OF_LANGUAGE.has(first.className)) return false
  const hasPrivate = fields.every((field) => fieldIn(group, field.first.path)?.startsWith('#') === true)
  const { object } = first
  return (
    object !== undefined && alike.every((each) => each.object !== undefined) && traits.isCollection(object, hasPrivate)
  )
}

/** Fields that are one thing with their object. */
interface OneFields {
  readonly fields: readonly OwnerGroup[]
  /** By whose emptying all of it goes; empty where that is not known. */
  readonly emptied: readonly RawOwner[]
}

/** Fields whose collections hold the same entries: one is the index of the other. */
function sharingFields(
  group: OwnerGroup,
  fields: readonly OwnerGroup[],
  raw: readonly RawOwner[],
  shared: readonly RawShared[],
): OneFields {
  if (fields.length === 0 || group.first.className === 'system / Context') return { fields: [], emptied: [] }
  const members = new Set(group.members)
  const found = new Set<OwnerGroup>()
  let isAll = true
  for (const { owner, firstPath, secondPath, count } of shared) {
    const of = raw[owner]
    if (of === undefined || !members.has(of)) continue
    // One of them may be too small for an owner, an array of the same objects.
    if (fieldIn(group, firstPath) === null || fieldIn(group, secondPath) === null) continue
    const holders = fields.filter(({ first }) => first.path === firstPath || first.path === secondPath)
    if (count < SHARED_SHARE * Math.min(...holders.map(entriesIn))) continue
    for (const holder of holders) found.add(holder)
    isAll &&= holders.length === 2
  }
  const own = fields.filter((field) => found.has(field))
  // With nothing else in the object it goes as a whole; else the fields do, where all of them are at hand.
  if (own.length === fields.length) return { fields: own, emptied: group.alike }
  return { fields: own, emptied: isAll ? own.flatMap((field) => field.emptied ?? field.members) : [] }
}

function entriesIn({ alike }: OwnerGroup): number {
  return alike.reduce((sum, { entries }) => sum + (entries < 0 ? Infinity : entries), 0)
}

interface Joining extends Pick<OneFields, 'emptied'> {
  readonly isWhole: boolean
  readonly traits: CollectionTraits
}

function asOne(group: OwnerGroup, fields: readonly OwnerGroup[], { isWhole, emptied, traits }: Joining): OwnerGroup {
  const held = fields.map((field): OwnerField => ({
    path: fieldIn(group, field.first.path) ?? field.first.path,
    className: field.first.className,
    entries: field.alike.every(({ entries }) => entries >= 0) ? entriesIn(field) : null,
    totalBytes: field.members.reduce((sum, { ownBytes }) => sum + ownBytes, 0),
  }))
  return {
    ...group,
    members: [...group.members, ...fields.flatMap(({ members }) => members)],
    emptied,
    fields: held,
    entries: isWhole ? entriesOfAll(group, traits) : mostEntries(held),
  }
}

function entriesOfAll({ alike }: OwnerGroup, traits: CollectionTraits): number | null {
  let sum = 0
  for (const { object } of alike) {
    const entries = object === undefined ? null : traits.entriesOf(object)
    if (entries === null) return null
    sum += entries
  }
  return sum
}

/** An array may be longer than it is full. */
function mostEntries(fields: readonly OwnerField[]): number | null {
  const keyed = fields.filter(({ className }) => className === 'Map' || className === 'Set')
  const known = (keyed.length > 0 ? keyed : fields).map(({ entries }) => entries ?? -1)
  return Math.max(...known) < 0 ? null : Math.max(...known)
}

/** An instance that holds little besides owners is told only as the whole of its fields. */
function withoutHulls(groups: readonly OwnerGroup[], raw: readonly RawOwner[], leastBytes: number): JoinedGroups {
  const isHull = ({ ownBytes, entries, item, instances }: RawOwner): boolean =>
    ownBytes < leastBytes && entries < 0 && item === 0 && instances === 1
  const rows: { group: OwnerGroup; added: RawOwner[] }[] = []
  const rowOf = new Map<RawOwner, RawOwner[]>()
  const hulls: OwnerGroup[] = []
  for (const group of groups) {
    if (group.fields === undefined && group.members.every(isHull)) {
      hulls.push(group)
      continue
    }
    const row = { group, added: [] }
    rows.push(row)
    for (const member of group.members) rowOf.set(member, row.added)
  }
  const unlisted: RawOwner[] = []
  for (const group of hulls) {
    const outers = group.members.map((member) => rowAround(member, raw, rowOf))
    const bytes = group.members.reduce((sum, { ownBytes }) => sum + ownBytes, 0)
    if (bytes >= leastBytes && outers.includes(undefined)) rows.push({ group, added: [] })
    else for (const [place, member] of group.members.entries()) (outers[place] ?? unlisted).push(member)
  }
  return {
    unlisted,
    groups: rows.map(({ group, added }) =>
      added.length === 0
        ? group
        : { ...group, members: [...group.members, ...added], emptied: group.emptied ?? group.members },
    ),
  }
}

/** The row of the nearest owner around one that is in a row. */
function rowAround(
  owner: RawOwner,
  raw: readonly RawOwner[],
  rowOf: ReadonlyMap<RawOwner, RawOwner[]>,
): RawOwner[] | undefined {
  let at = raw[owner.partOf]
  while (at !== undefined && !rowOf.has(at)) at = raw[at.partOf]
  return at === undefined ? undefined : rowOf.get(at)
}
