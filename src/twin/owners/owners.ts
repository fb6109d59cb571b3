/**
 * Owners: who alone keeps how much of the heap alive, by the dominators of its graph.
 *
 * Rule: no property of the service is read and nothing is emptied for them; what lies in several owners is counted once.
 */
import type { HeapOwners, RawOwner } from '../../allocator/port.js'
import type { GraphBytes, LiveMemory, Owner } from '../../report/discovery/types.js'
import { packageOf } from '../../report/discovery/package-of.js'
import type { KnownCache } from '../discover/types.js'
import { livePartsOf } from './live-parts.js'
import type { LivePart } from './live-parts.js'
import { isOwnScript } from './own-script.js'

/** The owners of a heap. */
export interface OwnersFound {
  readonly owners: readonly Owner[]
  readonly live: LiveMemory
  /** All of it once more, by package and kind; not part of a discovery's JSON. */
  readonly parts: readonly LivePart[]
}

/** What Node itself holds in any process is in pieces smaller than this; a larger one holds what the service gave it. */
const NODE_LEAST_BYTES = 512 * 1024

/** A raw owner with those of the same path. */
interface Group {
  readonly first: RawOwner
  readonly members: RawOwner[]
}

/**
 * Rows of what the addon found: those with one path are told together, the largest first, at most `limit` of them and
 * what these lie in. Pure.
 */
export function ownersOf(found: HeapOwners, known: readonly NamedObject[], limit: number): OwnersFound {
  const { owners: raw, totalBytes, restBytes } = found
  const unlisted = new Set(raw.filter((owner) => isOwnScript(owner.script) || isOfNodeAlone(owner)))
  const groups = grouped(raw.filter((owner) => !unlisted.has(owner)))
  const listed = groups.toSorted((a, b) => ownBytesOf(b) - ownBytesOf(a)).slice(0, limit)
  const placeOf = new Map(listed.flatMap((group, place) => group.members.map((member) => [member, place] as const)))
  const partOf = (owner: RawOwner): RawOwner | undefined => (owner.partOf < 0 ? undefined : raw[owner.partOf])
  const owners = listed.map((group, place): Owner => {
    const { first, members } = group
    let outer = partOf(first)
    while (outer !== undefined && (placeOf.get(outer) ?? place) === place) outer = partOf(outer)
    return {
      ...namesOf(first),
      kind: kindOf(first),
      className: first.className,
      entries: members.every(({ entries }) => entries >= 0) ? sum(members.map(({ entries }) => entries)) : null,
      instances: sum(members.map(({ instances }) => instances)),
      own: bytesOf(members),
      retained: bytesOf(raw.filter((owner) => members.some((member) => liesIn(owner, member, partOf)))),
      partOf: outer === undefined ? null : (placeOf.get(outer) ?? null),
      cache: first.known < 0 ? null : (known[first.known]?.cache ?? null),
    }
  })
  const unlistedBytes = sum([...unlisted].map(({ ownBytes }) => ownBytes))
  const rest = restBytes + unlistedBytes
  return { owners, live: { totalBytes, ownedBytes: totalBytes - rest, restBytes: rest }, parts: livePartsOf(found) }
}

/** An object of a registered cache. */
export interface NamedObject {
  readonly cache: string
  readonly object: object
}

/** The objects of registered caches, one after the other. */
export function namedObjects(known: readonly KnownCache[]): NamedObject[] {
  return known.flatMap(({ name, adapted = [], objects = [] }) =>
    [...adapted, ...objects].map((object) => ({ cache: name, object })),
  )
}

function isOfNodeAlone({ script, ownBytes }: RawOwner): boolean {
  return packageOf(script) === 'node' && ownBytes < NODE_LEAST_BYTES
}

/** Copies of a module that differ in their query, and instances that differ in nothing, have one row. */
function grouped(owners: readonly RawOwner[]): Group[] {
  const groups = new Map<string, Group>()
  for (const owner of owners) {
    const key = JSON.stringify([owner.className, owner.path, withoutQuery(owner.script), owner.known])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { first: owner, members: [owner] })
    else group.members.push(owner)
  }
  return [...groups.values()]
}

function withoutQuery(script: string): string {
  const end = script.indexOf('?')
  return end === -1 ? script : `${script.slice(0, end)}?*`
}

function namesOf({ path, script }: RawOwner): Pick<Owner, 'path' | 'script' | 'package'> {
  return {
    path: path === '' ? null : path,
    script: script === '' ? null : withoutQuery(script),
    package: script === '' ? null : packageOf(script),
  }
}

function kindOf({ className, entries }: RawOwner): Owner['kind'] {
  if (entries >= 0) return 'collection'
  if (className === '(closure)') return 'function'
  return className === 'system / Context' ? 'variables' : 'object'
}

function ownBytesOf({ members }: Group): number {
  return sum(members.map(({ ownBytes }) => ownBytes))
}

function bytesOf(owners: readonly RawOwner[]): GraphBytes {
  const totalBytes = sum(owners.map(({ ownBytes }) => ownBytes))
  const memoryBytes = sum(owners.map((owner) => owner.memoryBytes))
  return { heapBytes: totalBytes - memoryBytes, memoryBytes, totalBytes }
}

function liesIn(owner: RawOwner, outer: RawOwner, partOf: (owner: RawOwner) => RawOwner | undefined): boolean {
  for (let at: RawOwner | undefined = owner; at !== undefined; at = partOf(at)) if (at === outer) return true
  return false
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
