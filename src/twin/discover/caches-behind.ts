/**
 * Which objects a registered cache is: the library's object behind an adapter, the object that was registered, and what its
 * functions mention of the variables that they close over.
 *
 * Rule: a hub such as an application object, which holds much besides, is never taken for a cache because a release mentions
 * it: only what is a collection, or has the methods of one, is taken to hold nothing else.
 */
import { isObject } from '../../support/is-object.js'
import type { HeapInspector } from './inspector.js'
import { functionSource } from './intrinsics.js'
import type { ObjectReader } from './object-reader.js'
import type { KnownCache } from './known-cache.js'

/** A registered cache, by its objects. */
export interface CacheObjects {
  readonly cache: KnownCache
  /** An owner that is one of these is the cache's. */
  readonly same: ReadonlySet<object>
  /** An object that is reached through one of these alone is the cache's, too. */
  readonly whole: ReadonlySet<object>
}

const SOURCE_LENGTH_MAX = 4000
/** `users`, `this.store.byId`, `app?.caches.users`; not what stands after a dot. */
const MENTION = /(?<![\w$.#])([A-Za-z_$][\w$]*)((?:\??\.#?[A-Za-z_$][\w$]*)*)/g

/** The objects of each cache. */
export function objectsBehind(
  known: readonly KnownCache[],
  { inspector, reader }: { readonly inspector: HeapInspector; readonly reader: ObjectReader },
): CacheObjects[] {
  return known.map((cache) => {
    const same = new Set<object>(cache.objects ?? [])
    const whole = new Set<object>(cache.adapted ?? [])
    for (const value of whole) same.add(value)
    for (const value of (cache.functions ?? []).flatMap((each) => mentioned(each, cache, inspector, reader))) {
      same.add(value)
      if (isCollection(value, reader)) whole.add(value)
    }
    return { cache, same, whole }
  })
}

const READS = ['get']
const WRITES = ['set', 'put', 'add']
const EMPTIES = ['clear', 'reset', 'flushAll', 'clearAll', 'purge', 'flush']

/** Whether an object has the methods of a cache. */
function hasCacheMethods(owner: object, reader: ObjectReader): boolean {
  const hasOne = (names: readonly string[]): boolean =>
    names.some((name) => typeof reader.inheritedProperty(owner, name) === 'function')
  try {
    return hasOne(READS) && hasOne(WRITES) && hasOne(EMPTIES)
  } catch {
    return false
  }
}

/** Whether it is a collection, or has the methods of a cache. */
export function isCollection(value: object, reader: ObjectReader): boolean {
  const kind = reader.kindOf(value)
  return kind === 'Map' || kind === 'Set' || kind === 'Array' || (kind === 'object' && hasCacheMethods(value, reader))
}

function mentioned(value: object, cache: KnownCache, inspector: HeapInspector, reader: ObjectReader): object[] {
  try {
    const { scopes, boundThis } = inspector.functionFacts(value)
    const variables = scopes.filter(({ description }) => !/^(?:Global|With)/.test(description))
    const start = (name: string): unknown => {
      if (name === 'this') return cache.objects?.[0]
      const scope = variables.find(({ variables: own }) => Object.hasOwn(own, name))
      return scope === undefined ? undefined : Reflect.getOwnPropertyDescriptor(scope.variables, name)?.value
    }
    const source = functionSource(value).slice(0, SOURCE_LENGTH_MAX)
    const found = [...source.matchAll(MENTION)].map(([, name = '', members = '']) =>
      memberOf(start(name), members.split(/\??\./).slice(1), inspector, reader),
    )
    return [boundThis, ...found].filter((each) => isObject(each)).filter((each) => typeof each !== 'function')
  } catch {
    // A function of another context, or a variable without a value yet.
    return []
  }
}

/** As deep as data properties lead to objects: the method at the end is none. */
function memberOf(start: unknown, members: readonly string[], inspector: HeapInspector, reader: ObjectReader): unknown {
  let at = start
  for (const member of members) {
    if (!isObject(at) || reader.kindOf(at) === null) return at
    const held = member.startsWith('#')
      ? inspector.privateFields(at).find(([name]) => name === member)?.[1]
      : reader.property(at, member)
    if (!isObject(held) || typeof held === 'function') return at
    at = held
  }
  return at
}
