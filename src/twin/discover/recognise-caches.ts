/**
 * The objects of registered caches, by which their owners are recognised.
 *
 * Rule: what cannot be known without running somebody's code is not told: the cache is then known by what was registered alone.
 */
import { types } from 'node:util'
import type { ReportWarning } from '../../report/types.js'
import { messageOf } from '../../support/errors.js'
import { isObject } from '../../support/is-object.js'
import { isCollection, objectsBehind } from './caches-behind.js'
import type { CacheObjects } from './caches-behind.js'
import { HeapInspector } from './inspector.js'
import type { KnownCache } from './known-cache.js'
import { ObjectReader } from './object-reader.js'

/** An object of a registered cache. */
export interface CacheObject {
  readonly cache: string
  readonly object: object
  /** All that it alone holds is the cache's; else the object itself is, and a hub may be one. */
  readonly isWhole: boolean
}

/** A registered object keeps its entries in a field, or in an object in a field. */
const LEVELS = 2
const VISITS_MAX = 1000

/** The objects of each cache. */
export function cacheObjects(known: readonly KnownCache[]): CacheObject[] {
  return behind(known).flatMap(({ cache: { name: cache }, same, whole }) => {
    return [...same].map((object): CacheObject => ({ cache, object, isWhole: whole.has(object) }))
  })
}

function behind(known: readonly KnownCache[]): CacheObjects[] {
  if (known.length === 0) return []
  let inspector: HeapInspector | null = null
  try {
    inspector = new HeapInspector()
    const tools = { inspector, reader: new ObjectReader() }
    return objectsBehind(known, tools).map((caches) => withMembers(caches, tools))
  } catch {
    return known.map((cache) => {
      const whole = new Set(cache.adapted)
      return { cache, same: new Set([...(cache.objects ?? []), ...whole]), whole }
    })
  } finally {
    inspector?.close()
  }
}

interface Tools {
  readonly inspector: HeapInspector
  readonly reader: ObjectReader
}

/** The collections in what was registered are the cache's, wherever else it is held. */
function withMembers({ cache, same, whole }: CacheObjects, { inspector, reader }: Tools): CacheObjects {
  const all = { cache, same: new Set(same), whole: new Set(whole) }
  let level = (cache.objects ?? []).filter((value) => !whole.has(value))
  for (let step = 0; step < LEVELS && level.length > 0; step++) {
    level = level.flatMap((value) => membersOf(value, inspector, reader)).slice(0, VISITS_MAX)
    for (const member of level.filter((value) => isCollection(value, reader))) {
      all.same.add(member)
      all.whole.add(member)
    }
    level = level.filter((value) => !all.whole.has(value))
  }
  return all
}

function membersOf(owner: object, inspector: HeapInspector, reader: ObjectReader): object[] {
  if (reader.kindOf(owner) !== 'object') return []
  const members = inspector.privateFields(owner).map(([, value]) => value)
  reader.eachProperty(owner, (value) => {
    if (isObject(value)) members.push(value)
  })
  return members.filter((value) => typeof value !== 'function')
}

/** A cache that lost this share of its entries in a release is what was released. */
const EMPTIED_SHARE = 0.5

/**
 * Releases each of `known` that can be. Which of `counts`, asked before and after, fell by so much that it is that cache's.
 *
 * @returns place in `counts` → name of the cache
 */
export function releaseCaches(
  known: readonly KnownCache[],
  counts: readonly (() => number | null)[],
  warn: (warning: ReportWarning) => void,
): Map<number, string> {
  const emptied = new Map<number, string>()
  for (const { name, release } of known) {
    if (release === undefined) continue
    const before = counts.map((count) => count())
    call(name, release, warn)
    for (const [place, count] of counts.entries()) {
      const entries = before[place] ?? 0
      if (entries > 0 && (count() ?? Infinity) <= entries * EMPTIED_SHARE) emptied.set(place, name)
    }
  }
  return emptied
}

function call(cache: string, release: () => unknown, warn: (warning: ReportWarning) => void): void {
  try {
    const returned = release()
    // An asynchronous release cannot go on in a twin; its promise must not end the process.
    if (types.isPromise(returned)) returned.catch(() => undefined)
  } catch (error) {
    const message = `the release of ${JSON.stringify(cache)} threw: ${messageOf(error)}`
    warn({ code: 'WARN_KNOWN_RELEASE', message, cache })
  }
}
