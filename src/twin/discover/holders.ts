/**
 * Holders: who holds a hoard, and who holds those, level by level up to a variable, the global object or a module's
 * exports.
 *
 * Rule: each level is one pass over the live objects, with nothing kept but the links to what is sought; no level is
 * begun after the deadline.
 */
import { types } from 'node:util'
import { functionSource } from './intrinsics.js'
import type { HeapInspector } from './inspector.js'
import type { ObjectReader } from './object-reader.js'
import { eachChild } from './walk.js'
import type { Via } from './walk.js'

/** One way in which an object is held. */
export interface Holder {
  readonly owner: object
  readonly via: Via
  readonly key: unknown
}

/** Object → its holders, some of them. */
export type Links = Map<object, Holder[]>

const LEVELS_MAX = 6
const HOLDERS_MAX = 6
const FRONTIER_MAX = 5000
const INSTANCES_OF_A_CLASS_MAX = 200

/** What the search needs. */
export interface HolderSearch {
  /** All live objects. */
  readonly objects: readonly object[]
  readonly reader: ObjectReader
  readonly inspector: Pick<HeapInspector, 'privateFields'>
  /** Holders of these are not looked for: their name is known. */
  readonly isRoot: (value: object) => boolean
  readonly isPastDeadline: () => boolean
}

/** Links from `targets` upwards. `complete` is false when the deadline ended the search. */
export function findHolders(
  targets: readonly object[],
  search: HolderSearch,
): { readonly links: Links; readonly complete: boolean } {
  const links: Links = new Map()
  const sought = new Set<object>()
  const fields = new PrivateFields(search)
  let frontier = new Set(targets)
  for (let level = 0; level < LEVELS_MAX && frontier.size > 0; level++) {
    if (search.isPastDeadline()) return { links, complete: false }
    for (const value of frontier) sought.add(value)
    const owners = level === 0 ? frontier : new Set([...frontier].filter((value) => !search.isRoot(value)))
    pass(search, owners, links)
    for (const value of owners) {
      if (links.has(value)) continue
      for (const holder of fields.holdersOf(value)) note(links, value, holder)
    }
    const next = new Set<object>()
    for (const value of owners) {
      for (const { owner } of links.get(value) ?? []) if (!sought.has(owner)) next.add(owner)
    }
    frontier = new Set([...next].slice(0, FRONTIER_MAX))
  }
  return { links, complete: true }
}

function pass({ objects, reader }: HolderSearch, sought: ReadonlySet<object>, links: Links): void {
  if (sought.size === 0) return
  let owner: object = objects
  const visit = (child: object, via: Via, key: unknown): void => {
    if (sought.has(child)) note(links, child, { owner, via, key })
  }
  for (const value of objects) {
    try {
      const kind = reader.kindOf(value)
      if (kind === null) continue
      owner = value
      eachChild(value, kind, reader, visit)
    } catch {
      // An exotic object that cannot be looked into holds nothing that could be named.
    }
  }
}

function note(links: Links, child: object, holder: Holder): void {
  const known = links.get(child)
  if (known === undefined) links.set(child, [holder])
  else if (known.length < HOLDERS_MAX) known.push(holder)
}

/**
 * Private fields (`#map`) are nothing that JavaScript could list: the inspector is asked, instance by instance, so only
 * some instances of each class that has any, and only when something was not found elsewhere.
 */
class PrivateFields {
  readonly #search: HolderSearch
  #holders: Links | undefined

  constructor(search: HolderSearch) {
    this.#search = search
  }

  holdersOf(child: object): readonly Holder[] {
    this.#holders ??= this.#read()
    return this.#holders.get(child) ?? []
  }

  #read(): Links {
    const { reader } = this.#search
    const holders: Links = new Map()
    /** Prototype → how many more instances are looked at. */
    const left = new Map<object, number>()
    for (const value of this.#search.objects) {
      // The inspector describes an Error by its stack, which code of the service may write.
      if (typeof value === 'function' || types.isNativeError(value) || this.#search.isPastDeadline()) continue
      try {
        const kind = reader.kindOf(value)
        const prototype = kind === null ? null : Reflect.getPrototypeOf(value)
        if (prototype === null || prototype === Object.prototype || prototype === Array.prototype) continue
        const more = left.get(prototype) ?? (hasPrivateFields(value, reader) ? INSTANCES_OF_A_CLASS_MAX : 0)
        left.set(prototype, Math.max(0, more - 1))
        if (more === 0) continue
        for (const [name, child] of this.#search.inspector.privateFields(value)) {
          note(holders, child, { owner: value, via: 'property', key: name })
        }
      } catch {
        // Of another context, or it refuses to be looked at.
      }
    }
    return holders
  }
}

/** Whether the text of the class, or of one that it extends, has a private name in it. */
function hasPrivateFields(value: object, reader: ObjectReader): boolean {
  for (
    let type: unknown = reader.classOf(value);
    typeof type === 'function' && !types.isProxy(type);
    type = Reflect.getPrototypeOf(type)
  ) {
    if (functionSource(type).includes('#')) return true
  }
  return false
}
