/**
 * Owners: who alone keeps how much of the heap alive, by the dominators of its graph.
 *
 * Rule: no property of the service is read and nothing is emptied for them; what lies in several owners is counted once.
 */
import { ITEM_KINDS } from '../../allocator/heap-walk.js'
import type { HeapOwners, ItemKind, RawNative, RawOwner } from '../../allocator/heap-walk.js'
import { packageOf } from '../../support/package-of.js'
import type {
  GraphBytes,
  InFlight,
  LiveMemory,
  OtherOwners,
  Owner,
  OwnerKind,
  OwnerSite,
  PackageCost,
  SharedMemory,
} from '../../report/discovery/types.js'
import type { CacheObject } from '../discover/recognise-caches.js'
import { groupOwners, withoutQuery } from './group-owners.js'
import { orderOwners, ownBytesOf } from './order-owners.js'
import type { OrderedOwner } from './order-owners.js'
import { inFlightOf } from './in-flight.js'
import { jointOuters } from './joint-holders.js'
import { livePartsOf, packageCostsOf } from './live-parts.js'
import type { LivePart } from './live-parts.js'
import { isOwnScript } from './own-script.js'
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
): OwnersFound {
  const { owners: raw } = found
  const own = new Set(raw.filter((owner) => isOwnScript(scriptOf(owner)) || isOwnScope(owner)))
  const all = groupOwners(
    raw.filter((owner) => !own.has(owner)),
    found,
  )
  const ordered = orderOwners(all, raw, leastBytes)
  const isUnlisted = (row: OrderedOwner): boolean => isOfNodeAlone(row) || isHull(row, leastBytes)
  const unlisted = new Set([...own, ...ordered.filter(isUnlisted).flatMap(({ group }) => group.members)])
  const sorted = ordered.filter((row) => !isUnlisted(row))
  const large = sorted.filter(({ bytes }) => bytes >= leastBytes)
  const listed = large.slice(0, limit).map(({ group }) => group)
  const placeOf = new Map(listed.flatMap((group, place) => group.members.map((member) => [member, place] as const)))
  const joint = jointOuters(found)
  const partOf = (owner: RawOwner): RawOwner | undefined => (owner.partOf < 0 ? joint.get(owner) : raw[owner.partOf])
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
    const row: Owner = {
      ...namesOf(first),
      kind: kindOf(first),
      site: siteOf(alike, kindOf(first), scriptOf(first)),
      className: first.className,
      entries: alike.every(({ entries }) => entries >= 0) ? sum(alike.map(({ entries }) => entries)) : null,
      instances: sum(alike.map(({ instances }) => instances)),
      ...NOT_EMPTIED,
      own: bytesOf(members),
      retained: retainedBy(new Set(members), found, partOf),
      partOf: outer === undefined ? null : (placeOf.get(outer) ?? null),
      sharedBy: sharedBy(place, members, { raw, holders: found.holders, placeOf, outer }),
      cache: cacheOf(first, caches),
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
    shared: sharedMemoryOf(found, placeOf, limit),
    tableBytes: found.tableBytes,
    native: found.native?.reason === undefined ? (found.native ?? null) : null,
    others: { count: folded.length, totalBytes: sum(folded.map(ownBytesOf)) },
  }
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
  const kind = kindOf(group.first)
  if (kind === 'sockets' || kind === 'requests' || bytes >= NODE_LEAST_BYTES) return false
  return group.members.every((member) => packageOf(scriptOf(member)) === 'node')
}

/** The script that its path begins in, else that which it is of. */
function scriptOf({ script, label }: RawOwner): string {
  return script === '' ? label : script
}

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

/** The listed owners that hold it, but for the one that it lies in: none of them alone keeps it alive. */
function sharedBy(place: number, members: readonly RawOwner[], { raw, holders, placeOf, outer }: Holders): number[] {
  const counts = new Map<number, number>()
  const own = new Set(members)
  const instances = Math.max(...members.map((member) => member.instances))
  for (const { owner, holder, count } of holders) {
    const [held, by] = [raw[owner], raw[holder]]
    if (held === undefined || by === undefined || !own.has(held) || by === outer) continue
    // One member of a group, whichever.
    if (instances === 1 && by.instances > 1) continue
    const at = placeOf.get(by)
    if (at !== undefined && at !== place) counts.set(at, (counts.get(at) ?? 0) + count)
  }
  return [...counts]
    .filter(([, count]) => count >= HOLDER_SHARE * instances)
    .sort(([, a], [, b]) => b - a)
    .slice(0, HOLDERS_MOST)
    .map(([at]) => at)
}

function namesOf(owner: RawOwner): Pick<Owner, 'path' | 'script' | 'package'> {
  const { path } = owner
  const script = path === '' ? scriptOf(owner) : owner.script
  return {
    path: path === '' ? null : path,
    script: script === '' ? null : withoutQuery(script),
    package: scriptOf(owner) === '' ? null : packageOf(scriptOf(owner)),
  }
}

/** Kinds of items that may be owners. */
function isWaiting(kind: ItemKind): kind is ItemKind & OwnerKind {
  return kind !== 'none' && kind !== 'promises' && kind !== 'streams'
}

/** An emitter keeps its listeners under the event: one function, or an array of them. */
const OF_EMITTER = /\._events\.[^.[]+$/
/** An EventTarget, as AbortSignals are, keeps a list of them. */
const OF_TARGET = /\.Symbol\(kEvents\)\.[^.[]+(?:\.next)?$/

function kindOf({ item, className, entries, path }: RawOwner): OwnerKind {
  const waits = ITEM_KINDS[item] ?? 'none'
  if (isWaiting(waits)) return waits
  if (OF_EMITTER.test(path) && (className === 'Array' || className === '(closure)')) return 'listeners'
  if (OF_TARGET.test(path)) return 'listeners'
  if (entries >= 0) return 'collection'
  if (className === '(closure)') return 'function'
  return className === 'system / Context' ? 'variables' : 'object'
}

/** Kinds that are named by where their functions stand. */
const NAMED_BY_SITE: ReadonlySet<OwnerKind> = new Set(['listeners', 'timers', 'immediates', 'calls', 'generators'])

/**
 * The function of most members, where there is one. A function of Node's in what the application holds (a stream has some) says
 * nothing of it.
 */
function siteOf(members: readonly RawOwner[], kind: OwnerKind, script: string): OwnerSite | null {
  const mayBeNodes = NAMED_BY_SITE.has(kind) || packageOf(script) === 'node'
  const sites = new Map<string, OwnerSite>()
  for (const { siteName, siteScript, siteLine, functions, instances } of members) {
    if (siteScript === '' || (!mayBeNodes && packageOf(siteScript) === 'node')) continue
    const key = `${siteScript} ${String(siteLine)} ${siteName}`
    const count = functions === 0 ? instances : functions
    const known = sites.get(key)?.count ?? 0
    sites.set(key, {
      function: siteName === '' ? null : siteName,
      script: withoutQuery(siteScript),
      line: siteLine === 0 ? null : siteLine,
      count: known + count,
    })
  }
  return [...sites.values()].sort((a, b) => b.count - a.count)[0] ?? null
}

function bytesOf(owners: readonly RawOwner[]): GraphBytes {
  const totalBytes = sum(owners.map(({ ownBytes }) => ownBytes))
  const memoryBytes = sum(owners.map((owner) => owner.memoryBytes))
  return { heapBytes: totalBytes - memoryBytes, memoryBytes, totalBytes }
}

/** What goes with all of `members`: what lies in them, and what they alone hold of a group. */
function retainedBy(
  members: ReadonlySet<RawOwner>,
  { owners, holders }: HeapOwners,
  partOf: (owner: RawOwner) => RawOwner | undefined,
): GraphBytes {
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
