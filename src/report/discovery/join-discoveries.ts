/**
 * The discoveries of several threads as one.
 *
 * Rule: heaps add up, and what the process has once (the allocator's bytes, Node's own) is there once. Pure.
 */
import { byQuantity } from '../../measure/figures.js'
import type { Discovery, LiveMemory, Owner, PackageCost, SharedMemory } from './types.js'

/** The discovery of one thread. */
export interface ThreadDiscovery {
  readonly threadId: number
  readonly discovery: Discovery
}

/** One owner on its way into the list of all threads. */
interface Placed {
  readonly owner: Owner
  readonly threadId: number
  /** In the list of its thread. */
  readonly place: number
}

/** The first is the calling thread's; at most `limit` owners. */
export function joinDiscoveries(parts: readonly ThreadDiscovery[], limit: number): Discovery {
  const [first] = parts
  if (first === undefined) throw new TypeError('there is no discovery to join')
  const all = merged(parts)
  const listed = all.slice(0, limit)
  const places = new Map(listed.map(({ threadId, place }, at) => [keyOf(threadId, place), at] as const))
  const placeIn = (threadId: number, place: number | null): number | null =>
    place === null ? null : (places.get(keyOf(threadId, place)) ?? null)
  const discoveries = parts.map(({ discovery }) => discovery)
  const left = all.slice(limit).map(({ owner }) => owner)
  return {
    ...first.discovery,
    owners: listed.map(({ owner, threadId }) => ({
      ...owner,
      threadId,
      partOf: placeIn(threadId, owner.partOf),
      sharedBy: (owner.sharedBy ?? []).flatMap((place) => placeIn(threadId, place) ?? []),
    })),
    live: joinedLive(discoveries.flatMap(({ live }) => live ?? [])),
    packages: joinedPackages(discoveries.flatMap(({ packages = [] }) => packages)),
    inFlight: discoveries.flatMap(({ inFlight = [] }) => inFlight).sort((a, b) => b.retainedBytes - a.retainedBytes),
    shared: parts
      .flatMap(({ threadId, discovery: { shared = [] } }) =>
        shared.map((each): SharedMemory => ({ ...each, countedWith: placeIn(threadId, each.countedWith) })),
      )
      .sort((a, b) => b.totalBytes - a.totalBytes),
    others: {
      count: left.length + sum(discoveries.map(({ others }) => others.count)),
      totalBytes: sum([
        ...left.map(({ own }) => own.totalBytes),
        ...discoveries.map(({ others }) => others.totalBytes),
      ]),
    },
    noise: byQuantity((quantity) => most(discoveries.map(({ noise }) => noise[quantity]))),
    durationMs: {
      walking: sum(discoveries.map(({ durationMs }) => durationMs.walking)),
      measuring: sum(discoveries.map(({ durationMs }) => durationMs.measuring)),
    },
    warnings: parts.flatMap(({ threadId, discovery }) =>
      discovery.warnings.map((warning) =>
        threadId === 0 ? warning : { ...warning, message: `worker ${String(threadId)}: ${warning.message}` },
      ),
    ),
  }
}

function keyOf(threadId: number, place: number): string {
  return `${String(threadId)} ${String(place)}`
}

/** The largest first; the owners of one thread keep their order, since entries stand behind their collection. */
function merged(parts: readonly ThreadDiscovery[]): Placed[] {
  const queues = parts.map(({ threadId, discovery }) =>
    discovery.owners.map((owner, place): Placed => ({ owner, threadId, place })).reverse(),
  )
  const list: Placed[] = []
  for (;;) {
    const heads = queues.filter((queue) => queue.length > 0)
    if (heads.length === 0) return list
    const largest = heads.reduce((a, b) => (headBytes(b) > headBytes(a) ? b : a))
    const next = largest.pop()
    if (next !== undefined) list.push(next)
  }
}

function headBytes(queue: readonly Placed[]): number {
  return queue.at(-1)?.owner.own.totalBytes ?? -1
}

function joinedLive(lives: readonly LiveMemory[]): LiveMemory | null {
  const [first] = lives
  if (first === undefined) return null
  const add = (of: (live: LiveMemory) => number | undefined): number => sum(lives.map((live) => of(live) ?? 0))
  const isMappedKnown = lives.every(({ mappedBytes }) => mappedBytes != null)
  return {
    ...first,
    totalBytes: add(({ totalBytes }) => totalBytes),
    heapBytes: add(({ heapBytes }) => heapBytes),
    memoryBytes: add(({ memoryBytes }) => memoryBytes),
    mappedBytes: isMappedKnown ? add(({ mappedBytes }) => mappedBytes ?? 0) : null,
    usedHeapBytes: add(({ usedHeapBytes }) => usedHeapBytes),
    ownedBytes: add(({ ownedBytes }) => ownedBytes),
    restBytes: add(({ restBytes }) => restBytes),
  }
}

function joinedPackages(costs: readonly PackageCost[]): PackageCost[] {
  const joined = new Map<string, PackageCost>()
  for (const cost of costs) {
    const key = JSON.stringify([cost.of, cost.package])
    const known = joined.get(key)
    joined.set(key, known === undefined ? cost : together(known, cost))
  }
  return [...joined.values()].sort((a, b) => b.totalBytes - a.totalBytes)
}

/** Native memory is the process's: the first thread's walk has all of it. */
function together(known: PackageCost, cost: PackageCost): PackageCost {
  const kinds = new Map(known.kinds.map(({ kind, totalBytes }) => [kind, totalBytes] as const))
  for (const { kind, totalBytes } of cost.kinds) kinds.set(kind, totalBytes + (kinds.get(kind) ?? 0))
  return {
    ...known,
    totalBytes: known.totalBytes + cost.totalBytes,
    ownedBytes: known.ownedBytes + cost.ownedBytes,
    kinds: [...kinds].map(([kind, totalBytes]) => ({ kind, totalBytes })).sort((a, b) => b.totalBytes - a.totalBytes),
  }
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
