/**
 * From suspects to hoards: collections of one cache become one, what lies in a larger one becomes a part of it or is
 * absorbed, namesakes are taken together.
 */
import { hasCacheMethods } from './behind.js'
import type { Suspect } from './census.js'
import type { Links } from './holders.js'
import type { ContainerKind } from './intrinsics.js'
import type { ObjectReader } from './object-reader.js'
import { packageOf, routeTo } from './route.js'
import type { Knowledge, Route } from './route.js'
import type { HoardKind } from './types.js'

/** A container that is emptied with its hoard. */
export interface HoardPart {
  readonly value: object
  readonly kind: ContainerKind
}

/** A hoard before it is measured. */
export interface FoundHoard {
  readonly kind: HoardKind
  readonly className: string
  readonly route: Route | null
  readonly entries: number
  readonly estimatedBytes: number
  readonly instances: number
  /** What is emptied. The list is emptied too, when it has been: nothing of a hoard outlives its measurement. */
  readonly parts: HoardPart[]
  /** The objects that are this hoard. */
  readonly identities: readonly object[]
  /** Objects that have it as a property, and those that have these: one of them may be registered. */
  readonly owners: readonly object[]
  /** Registered caches' objects through which alone it is reached, as far as is known. */
  readonly within: readonly object[]
  /** The hoard that this one lies in. */
  partOf: FoundHoard | null
}

/** A part of a hoard is listed beside it from this share on; a smaller one is just its content. */
const LISTED_SHARE = 0.25
const CLIMB_VISITS_MAX = 2000

/** The hoards among `suspects`, by estimate, the largest first. */
export function findHoards(
  suspects: readonly Suspect[],
  links: Links,
  knowledge: Knowledge,
  reader: ObjectReader,
  cached: ReadonlySet<object> = new Set(),
): FoundHoard[] {
  const graph = { links, knowledge, reader, cached }
  const hoards = [...cachesAmong(suspects, graph), ...suspects.map((one) => single(one, graph))]
  const byObject = new Map<object, FoundHoard>()
  // A cache comes first: its collections are then known as its own.
  for (const hoard of hoards) {
    for (const value of hoard.identities) if (!byObject.has(value)) byObject.set(value, hoard)
  }
  const kept = hoards.filter((hoard) => byObject.get(hoard.parts[0]?.value ?? hoard) === hoard)
  const listed = kept.filter((hoard) => {
    const outer = containerOf(hoard, byObject, links, knowledge)
    if (outer === null || liesIn(outer, hoard)) return true
    hoard.partOf = outer
    return hoard.estimatedBytes >= LISTED_SHARE * outer.estimatedBytes
  })
  for (const hoard of listed) hoard.partOf = firstListed(hoard.partOf, listed)
  return namesakesTogether(withoutMereHolders(listed)).toSorted((a, b) => b.estimatedBytes - a.estimatedBytes)
}

interface Graph {
  readonly links: Links
  readonly knowledge: Knowledge
  readonly reader: ObjectReader
  /** Objects of registered caches. */
  readonly cached: ReadonlySet<object>
}

function single({ value, kind, entries, estimatedBytes }: Suspect, graph: Graph): FoundHoard {
  const { links, knowledge, reader } = graph
  const type = reader.classOf(value)
  return {
    kind,
    className: (type === undefined ? '' : reader.functionName(type)) || (kind === 'object' ? 'Object' : kind),
    route: routeTo(value, links, knowledge),
    entries,
    estimatedBytes,
    instances: 1,
    parts: [{ value, kind }],
    identities: [value],
    owners: ownersOf([value], links),
    within: cachesAround([value], graph),
    partOf: null,
  }
}

/** Objects with the methods of a cache that hold several suspects: an LRU has a Map and two arrays. */
function cachesAmong(suspects: readonly Suspect[], graph: Graph): FoundHoard[] {
  const { links, knowledge, reader } = graph
  const byOwner = new Map<object, Suspect[]>()
  for (const suspect of suspects) {
    for (const { owner, via } of links.get(suspect.value) ?? []) {
      if (via !== 'property' || typeof owner === 'function' || !hasCacheMethods(owner, reader)) continue
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), suspect])
    }
  }
  return [...byOwner].flatMap(([owner, members]): FoundHoard[] => {
    if (members.length < 2) return []
    const type = reader.classOf(owner)
    const root = knowledge.classRootOf(owner)
    const counted = members.filter(({ kind }) => kind === 'Map')
    return [
      {
        kind: 'cache',
        className: cacheName(type === undefined ? '' : reader.functionName(type), root?.script ?? null),
        route: routeTo(owner, links, knowledge) ?? ownName(root),
        entries: Math.max(...(counted.length > 0 ? counted : members).map(({ entries }) => entries)),
        estimatedBytes: members.reduce((sum, member) => sum + member.estimatedBytes, 0),
        instances: 1,
        parts: members.map(({ value, kind }) => ({ value, kind })),
        identities: [owner, ...members.map(({ value }) => value)],
        owners: ownersOf([owner], links),
        within: cachesAround([owner], graph),
        partOf: null,
      },
    ]
  })
}

const MINIFIED_LENGTH = 2

/** A minified class has a name of a letter or two: its package says more. */
function cacheName(name: string, script: string | null): string {
  const dependency = script === null ? null : packageOf(script)
  return name.length > MINIFIED_LENGTH || dependency === null ? name || 'Object' : dependency
}

function ownName(root: ReturnType<Knowledge['classRootOf']>): Route | null {
  return root === null ? null : routeTo(root, new Map(), { rootsOf: () => [root], classRootOf: () => null })
}

const OWNER_LEVELS = 2

function ownersOf(values: readonly object[], links: Links): object[] {
  const owners: object[] = []
  let level = values
  for (let step = 0; step < OWNER_LEVELS; step++) {
    level = level.flatMap((value) =>
      (links.get(value) ?? []).flatMap(({ owner, via }) => (via === 'property' ? [owner] : [])),
    )
    owners.push(...level)
  }
  return owners
}

/** The objects of registered caches through which it is reached; none where a variable, module or global holds it besides. */
function cachesAround(values: readonly object[], { links, knowledge, cached }: Graph): object[] {
  const found: object[] = []
  if (cached.size === 0) return found
  const queue = [...values]
  const seen = new Set(queue)
  // The queue grows while it is walked.
  for (const [at, value] of queue.entries()) {
    if (at === CLIMB_VISITS_MAX) break
    if (cached.has(value)) {
      found.push(value)
      continue
    }
    if (isHeldByName(value, knowledge)) return []
    for (const { owner } of links.get(value) ?? []) {
      if (seen.has(owner)) continue
      seen.add(owner)
      queue.push(owner)
    }
  }
  return found
}

/**
 * The nearest other hoard that holds this one, if no variable, module or global holds it by another way: what is also
 * held from elsewhere would not go with it.
 */
function containerOf(
  hoard: FoundHoard,
  byObject: ReadonlyMap<object, FoundHoard>,
  links: Links,
  knowledge: Knowledge,
): FoundHoard | null {
  let outer: FoundHoard | null = null
  const queue = [...hoard.identities]
  const seen = new Set(queue)
  // The queue grows while it is walked.
  for (const [at, value] of queue.entries()) {
    if (at === CLIMB_VISITS_MAX) break
    if (isHeldByName(value, knowledge)) return null
    for (const { owner } of links.get(value) ?? []) {
      if (seen.has(owner)) continue
      seen.add(owner)
      const holder = byObject.get(owner)
      if (holder !== undefined && holder !== hoard) outer ??= holder
      else queue.push(owner)
    }
  }
  return outer
}

function isHeldByName(value: object, knowledge: Knowledge): boolean {
  return typeof value === 'function' || knowledge.rootsOf(value).some(({ isLasting }) => isLasting)
}

/** Of two collections that hold each other only one can be a part of the other. */
function liesIn(inner: FoundHoard, outer: FoundHoard): boolean {
  for (let at: FoundHoard | null = inner; at !== null; at = at.partOf) if (at === outer) return true
  return false
}

/** The nearest listed one: what lies in an absorbed hoard lies in what absorbed it. */
function firstListed(hoard: FoundHoard | null, listed: readonly FoundHoard[]): FoundHoard | null {
  let at = hoard
  while (at !== null && !listed.includes(at)) at = at.partOf
  return at
}

const MERE_HOLDER_ENTRIES = 16

/** A list of three tenants is no hoard: what each tenant hoards is. The few entries say nothing beside their parts. */
function withoutMereHolders(hoards: readonly FoundHoard[]): FoundHoard[] {
  const inParts = new Map<FoundHoard, number>()
  for (const { partOf, estimatedBytes } of hoards) {
    if (partOf !== null) inParts.set(partOf, (inParts.get(partOf) ?? 0) + estimatedBytes)
  }
  const kept = hoards.filter(
    (hoard) => hoard.entries >= MERE_HOLDER_ENTRIES || (inParts.get(hoard) ?? 0) * 2 < hoard.estimatedBytes,
  )
  for (const hoard of kept) hoard.partOf = firstListed(hoard.partOf, kept)
  return kept
}

/** A Map in each instance of a class has one name: measured together, they are one hoard. */
function namesakesTogether(hoards: readonly FoundHoard[]): FoundHoard[] {
  const groups = new Map<unknown, FoundHoard[]>()
  for (const hoard of hoards) {
    const key = hoard.route === null || hoard.partOf !== null ? hoard : `${hoard.kind} ${hoard.route.text}`
    groups.set(key, [...(groups.get(key) ?? []), hoard])
  }
  const merged = new Map<FoundHoard, FoundHoard>()
  for (const group of groups.values()) {
    const first = group[0]
    if (first === undefined) continue
    const whole = group.length === 1 ? first : together(first, group)
    for (const hoard of group) merged.set(hoard, whole)
  }
  const result = [...new Set(merged.values())]
  for (const hoard of result) if (hoard.partOf !== null) hoard.partOf = merged.get(hoard.partOf) ?? null
  return result
}

function together(first: FoundHoard, group: readonly FoundHoard[]): FoundHoard {
  const sum = (figure: (hoard: FoundHoard) => number): number => group.reduce((all, hoard) => all + figure(hoard), 0)
  return {
    ...first,
    entries: sum(({ entries }) => entries),
    estimatedBytes: sum(({ estimatedBytes }) => estimatedBytes),
    instances: sum(({ instances }) => instances),
    parts: group.flatMap(({ parts }) => parts),
    identities: group.flatMap(({ identities }) => identities),
    owners: group.flatMap(({ owners }) => owners),
    within: [...new Set(group.flatMap(({ within }) => within))],
  }
}
