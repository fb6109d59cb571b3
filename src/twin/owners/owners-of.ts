/**
 * Owners: who alone keeps how much of the heap alive, by the dominators of its graph.
 *
 * Rule: no property of the service is read and nothing is emptied for them; what lies in several owners is counted once.
 */
import type { HeapOwners, RawNative, RawOwner } from '../../allocator/heap-walk.js'
import { packageOf } from '../../support/package-of.js'
import type {
  GraphBytes,
  InFlight,
  LiveMemory,
  OtherOwners,
  Owner,
  OwnerField,
  PackageCost,
  SharedMemory,
} from '../../report/discovery/types.js'
import type { CacheObject } from '../discover/recognise-caches.js'
import { groupOwners, withoutQuery } from './group-owners.js'
import type { OwnerGroup } from './group-owners.js'
import { collectionPaths, orderOwners, ownBytesOf } from './order-owners.js'
import type { OrderedOwner, OuterOf } from './order-owners.js'
import { NO_TRAITS, joinFields } from './join-fields.js'
import type { CollectionTraits } from './join-fields.js'
import { inFlightOf } from './in-flight.js'
import { jointOuters } from './joint-holders.js'
import { livePartsOf, packageCostsOf } from './live-parts.js'
import type { LivePart } from './live-parts.js'
import { isOwnScript } from './own-script.js'
import { kindOf, scriptOf, siteOf } from './owner-kind.js'
import { sharedBy } from './shared-by.js'
import { sharedMemoryOf } from './shared-memory.js'

/** The owners of a heap. */
export interface OwnersFound {
  readonly owners: readonly GraphOwner[]
  readonly live: LiveMemory
  /** All of it once more, by package and kind; not part of a discovery's JSON. */
  readonly parts: readonly LivePart[]
  readonly packages: readonly PackageCost[]
  readonly inFlight: readonly InFlight[]
  readonly shared: readonly SharedMemory[]
  readonly others: OtherOwners
  /** Of V8's table of strings, outside its heap; 0 where that is not known. */
  readonly tableBytes: number
  /** Native memory by whose it is; null where it was not walked. */
  readonly native: RawNative | null
}

/** An owner before it is emptied. */
export interface GraphOwner {
  readonly row: Owner
  /** The owner itself and those of its path; empty where one of them is nothing that can be emptied safely. */
  readonly objects: object[]
}

/** Node's own pieces in any process are smaller than this; a larger one holds what the service gave it. */
const NODE_LEAST_BYTES = 512 * 1024

/**
 * Rows of what the addon found: those with one path are told together, the largest first, at most `limit` of them, each of
 * `leastBytes` and more. What is left over is one figure. Pure.
 */
export function ownersOf(
  found: HeapOwners,
  caches: readonly CacheObject[],
  limit: number,
  leastBytes = 0,
  traits: CollectionTraits = NO_TRAITS,
): OwnersFound {
  const { owners: raw } = found
  const joint = jointOuters(found)
  const partOf: OuterOf = (owner) => (owner.partOf < 0 ? joint.get(owner) : raw[owner.partOf])
  const { sorted, unlisted } = arranged(found, partOf, { caches, traits, leastBytes })
  const large = sorted.filter(({ bytes }) => bytes >= leastBytes)
  const listed = large.slice(0, limit).map(({ group }) => group)
  const placeOf = new Map(listed.flatMap((group, place) => group.members.map((member) => [member, place] as const)))
  const owners = listed.map((group, place): GraphOwner => {
    const { first, members, alike } = group
    const outers = members.map((member) => {
      let outer = partOf(member)
      while (outer !== undefined && (placeOf.get(outer) ?? place) === place) outer = partOf(outer)
      return outer
    })
    // Members of a group may lie in several, and a row is part of one or of none.
    const places = new Set(outers.map((each) => (each === undefined ? null : (placeOf.get(each) ?? null))))
    const [outer] = places.size === 1 ? outers : []
    const cache = cacheOf(first, caches)
    const row: Owner = {
      ...namesOf(first, cache),
      kind: kindOf(group),
      site: siteOf(group.fields === undefined ? alike : members, kindOf(group), scriptOf(first)),
      className: first.className,
      entries: entriesOf(group),
      instances: sum(alike.map(({ instances }) => instances)),
      ...NOT_EMPTIED,
      own: bytesOf(members),
      retained: retainedBy(new Set(members), found, partOf),
      partOf: outer === undefined ? null : (placeOf.get(outer) ?? null),
      sharedBy: sharedBy(place, members, { raw, holders: found.holders, placeOf, outer }),
      cache,
      ...(group.fields === undefined ? {} : { fields: largestFirst(group.fields) }),
    }
    return { row, objects: objectsOf(group.emptied ?? members, row) }
  })
  const folded = sorted.map(({ group }) => group).filter((group) => !listed.includes(group))
  const parts = livePartsOf(found)
  return {
    owners,
    live: liveOf(found, unlisted),
    parts,
    packages: packageCostsOf(parts),
    inFlight: inFlightOf(found, limit),
    shared: sharedMemoryOf(found, placeOf, limit, wholesOf(listed)),
    tableBytes: found.tableBytes,
    native: found.native?.reason === undefined ? (found.native ?? null) : null,
    others: { count: folded.length, totalBytes: sum(folded.map(ownBytesOf)) },
  }
}

function largestFirst(fields: readonly OwnerField[]): OwnerField[] {
  return fields.toSorted((a, b) => b.totalBytes - a.totalBytes)
}

/** How rows are made. */
interface Arranging {
  readonly caches: readonly CacheObject[]
  readonly traits: CollectionTraits
  readonly leastBytes: number
}

/** The rows, the largest first, and owners that are in none. */
function arranged(
  found: HeapOwners,
  partOf: OuterOf,
  { caches, traits, leastBytes }: Arranging,
): { readonly sorted: OrderedOwner[]; readonly unlisted: ReadonlySet<RawOwner> } {
  const { owners: raw } = found
  // A registered cache may be reached through its registration alone.
  const isOwn = (owner: RawOwner): boolean =>
    caches[owner.known] === undefined && (isOwnScript(scriptOf(owner)) || isOwnScope(owner))
  const own = new Set(raw.filter(isOwn))
  const alike = groupOwners(
    raw.filter((owner) => !own.has(owner)),
    found,
    (owner) => cacheOf(owner, caches),
  )
  const { groups, unlisted: hulls } = joinFields(alike, found, traits, leastBytes)
  const ordered = orderOwners(groups, partOf, leastBytes)
  const isUnlisted = (row: OrderedOwner): boolean => isOfNodeAlone(row) || isHull(row, leastBytes)
  return {
    sorted: ordered.filter((row) => !isUnlisted(row)),
    unlisted: new Set([...own, ...hulls, ...ordered.filter(isUnlisted).flatMap(({ group }) => group.members)]),
  }
}

/** By row, the paths of the fields that are one with it. */
function wholesOf(listed: readonly OwnerGroup[]): ReadonlyMap<number, ReadonlySet<string>> {
  return new Map(listed.map((group, place) => [place, new Set(collectionPaths(group))] as const))
}

/** Those of all that the row is named for. */
function entriesOf({ alike, entries }: OwnerGroup): number | null {
  if (entries !== undefined) return entries
  return alike.every((each) => each.entries >= 0) ? sum(alike.map((each) => each.entries)) : null
}

/** All that the walk found; what lies in no listed row is the rest. */
function liveOf(found: HeapOwners, unlisted: ReadonlySet<RawOwner>): OwnersFound['live'] {
  const { owners, parts, totalBytes, mappedBytes } = found
  const memoryBytes = sum([...owners, ...parts].map((each) => each.memoryBytes))
  const restBytes = found.restBytes + sum([...unlisted].map(({ ownBytes }) => ownBytes))
  return {
    totalBytes,
    heapBytes: totalBytes - memoryBytes,
    memoryBytes,
    mappedBytes: mappedBytes < 0 ? null : mappedBytes,
    ownedBytes: totalBytes - restBytes,
    restBytes,
  }
}

/** The graph's figures are all there is. */
const NOT_EMPTIED = { released: null, uncertaintyBytes: null, returned: null, disagreement: null }

/** The objects that the process cannot do without, even for the moment that a twin has left. */
const NEEDED: ReadonlySet<string> = new Set(['process', 'Module', 'Console', 'console'])
const IN_USE: ReadonlySet<object> = new Set<object>([process, process.env, Math, Reflect, JSON, Atomics, Intl])
/** Less is within the noise of any window. */
const EMPTIED_LEAST_BYTES = 16 * 1024

/** Node's own objects are its machinery, and the language's are everybody's. */
function objectsOf(members: readonly RawOwner[], { package: from, className, retained }: Owner): object[] {
  if (from === 'node' || NEEDED.has(className) || retained.totalBytes < EMPTIED_LEAST_BYTES) return []
  // No flatMap(): an owner may be an array.
  const objects = members.map(({ object }) => object).filter((object) => object !== undefined)
  return objects.length === members.length && !objects.some((object) => IN_USE.has(object)) ? objects : []
}

function cacheOf({ known, object }: RawOwner, caches: readonly CacheObject[]): string | null {
  const found = caches[known]
  return found !== undefined && (found.isWhole || found.object === object) ? found.cache : null
}

/** The variables around a class of this library, which V8 keeps under the brand of an object of it. They have no script. */
const OWN_SCOPE = /^Symbol\(cache-attribution\.[\w.]+\)(?:\.\w+)?\.Symbol\([A-Z]\w*\)$/

function isOwnScope({ className, path }: RawOwner): boolean {
  return className === 'system / Context' && OWN_SCOPE.test(path)
}

/** A collection that holds next to nothing beside owners, no many of which are its entries. */
function isHull({ group, entryRows }: OrderedOwner, leastBytes: number): boolean {
  return entryRows === 0 && group.first.item === 0 && group.first.entries >= 0 && ownBytesOf(group) < leastBytes
}

/** No empty process has connections. */
function isOfNodeAlone({ group, bytes }: OrderedOwner): boolean {
  const kind = kindOf(group)
  if (kind === 'sockets' || kind === 'requests' || bytes >= NODE_LEAST_BYTES) return false
  return group.members.every((member) => packageOf(scriptOf(member)) === 'node')
}

/** A way through this library's registration of a cache says nothing that its name does not. */
const THROUGH_REGISTRATION = 'Symbol(cache-attribution.'

function namesOf(owner: RawOwner, cache: string | null): Pick<Owner, 'path' | 'script' | 'package'> {
  const { path } = owner
  if (cache !== null && (path.includes(THROUGH_REGISTRATION) || isOwnScript(scriptOf(owner)))) {
    return { path: null, script: null, package: null }
  }
  const script = path === '' ? scriptOf(owner) : owner.script
  return {
    path: path === '' ? null : path,
    script: script === '' ? null : withoutQuery(script),
    package: scriptOf(owner) === '' ? null : packageOf(scriptOf(owner)),
  }
}

function bytesOf(owners: readonly RawOwner[]): GraphBytes {
  const totalBytes = sum(owners.map(({ ownBytes }) => ownBytes))
  const memoryBytes = sum(owners.map((owner) => owner.memoryBytes))
  return { heapBytes: totalBytes - memoryBytes, memoryBytes, totalBytes }
}

/** The memory that goes with all of `members`: what lies in them, and what they alone hold of a group. */
function retainedBy(members: ReadonlySet<RawOwner>, { owners, holders }: HeapOwners, partOf: OuterOf): GraphBytes {
  const isIn = (owner: RawOwner | undefined): boolean => {
    let at = owner
    while (at !== undefined && !members.has(at)) at = partOf(at)
    return at !== undefined
  }
  const alone = holders.filter(({ owner, holder }) => isIn(owners[holder]) && !isIn(owners[owner]))
  const { totalBytes, memoryBytes } = bytesOf(owners.filter(isIn))
  const [allBytes, allMemoryBytes] = [
    totalBytes + sum(alone.map(({ aloneBytes }) => aloneBytes)),
    memoryBytes + sum(alone.map(({ aloneMemoryBytes }) => aloneMemoryBytes)),
  ]
  return { heapBytes: allBytes - allMemoryBytes, memoryBytes: allMemoryBytes, totalBytes: allBytes }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
