/**
 * Reads other people's objects without running anybody's code.
 *
 * Rule: no getter of JavaScript, no native accessor, no interceptor and no trap is run. A native accessor passes for data and
 * its descriptor runs it, so each object is asked natively which of its properties are accessors, once, before it is read. Where
 * that cannot be known nothing of the object is read.
 */
import { types } from 'node:util'
import { addonOrNull } from '../../allocator/binding.js'
import type { AccessorKeys } from '../../allocator/port.js'
import { CacheAttributionError } from '../../support/errors.js'
import { containerKind } from './intrinsics.js'
import type { ContainerKind } from './intrinsics.js'

/** Accessors among the own properties; null: nothing of the object may be read. */
type Verdict = ReadonlySet<PropertyKey> | null

const PLAIN: Verdict = new Set<PropertyKey>()
/** Own accessors of every function, which V8 answers by itself. */
const OF_FUNCTIONS = new Set<PropertyKey>(['name', 'length', 'prototype', 'arguments', 'caller'])

/** Own properties of objects, as far as they are plain data. One for each examination: it holds what it found of the heap. */
export class ObjectReader {
  readonly #accessorKeys: AccessorKeys
  readonly #verdicts = new Map<object, Verdict>()

  /** @throws CacheAttributionError `ERR_TWIN_UNSUPPORTED` where accessors cannot be told from data */
  constructor(accessorKeys: AccessorKeys | null | undefined = addonOrNull()?.accessorKeys) {
    if (accessorKeys == null) {
      const message =
        'native accessors cannot be distinguished from data in this Node binary: reading properties might run them'
      throw new CacheAttributionError('ERR_TWIN_UNSUPPORTED', message)
    }
    this.#accessorKeys = accessorKeys
  }

  /** The kind of container of this object; null for what may not be looked into, or holds no objects. */
  kindOf(value: object): ContainerKind | null {
    const kind = containerKind(value)
    return kind === 'object' && this.#verdictOf(value) === null ? null : kind
  }

  /** The value of an own data property; undefined for an accessor. */
  property(owner: object, key: PropertyKey): unknown {
    const verdict = this.#verdictOf(owner)
    if (verdict === null || verdict.has(key)) return undefined
    return Reflect.getOwnPropertyDescriptor(owner, key)?.value
  }

  /** A data property of the object or its prototypes, up to a proxy or the end. */
  inheritedProperty(owner: object, key: PropertyKey): unknown {
    for (let at: object | null = owner; at !== null && !types.isProxy(at); at = Reflect.getPrototypeOf(at)) {
      const verdict = this.#verdictOf(at)
      if (verdict === null || verdict.has(key)) return undefined
      const descriptor = Reflect.getOwnPropertyDescriptor(at, key)
      if (descriptor !== undefined) return descriptor.value
    }
    return undefined
  }

  /** Visits the values of an object's data properties; of what {@link ObjectReader.kindOf} calls an object. */
  eachProperty(owner: object, visit: (value: unknown, key: PropertyKey) => void): void {
    const verdict = this.#verdictOf(owner)
    if (verdict === null) return
    for (const key of Reflect.ownKeys(owner)) {
      if (!verdict.has(key)) visit(Reflect.getOwnPropertyDescriptor(owner, key)?.value, key)
    }
  }

  #verdictOf(value: object): Verdict {
    const known = this.#verdicts.get(value)
    if (known !== undefined) return known
    const verdict = types.isProxy(value) ? null : this.#judge(value)
    this.#verdicts.set(value, verdict)
    return verdict
  }

  #judge(value: object): Verdict {
    // Most functions have none but those of every function.
    if (typeof value === 'function' && Reflect.ownKeys(value).every((key) => OF_FUNCTIONS.has(key))) return PLAIN
    const keys = this.#accessorKeys(value)
    if (keys === null) return null
    const accessors = typeof value === 'function' ? keys?.filter((key) => !OF_FUNCTIONS.has(key)) : keys
    return accessors === undefined || accessors.length === 0 ? PLAIN : new Set(accessors)
  }
}
