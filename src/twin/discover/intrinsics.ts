/**
 * The engine's own functions on other people's collections.
 *
 * Rule: no method, getter or trap of the object under examination is ever called: a subclass may override everything,
 * a proxy answers with code of its owner, and what runs in a twin must reach nobody. Properties are read by an ObjectReader.
 */
import { types } from 'node:util'

const mapSize = getterOf(Map.prototype, 'size')
const setSize = getterOf(Set.prototype, 'size')
/* eslint-disable @typescript-eslint/unbound-method -- they are called with Reflect.apply on what is looked at */
const mapClear = Map.prototype.clear
const setClear = Set.prototype.clear
const mapHas = Map.prototype.has
const mapKeys = Map.prototype.keys
const nextKey = new Map<unknown, unknown>().keys().next
const functionText = Function.prototype.toString
/* eslint-enable @typescript-eslint/unbound-method */

/** The kind of container in which an object holds others. */
export type ContainerKind = 'Map' | 'Set' | 'Array' | 'object'

/** The kind of container of this object; null for what cannot be looked into without running code, or holds no objects. */
export function containerKind(value: object): ContainerKind | null {
  if (types.isProxy(value)) return null
  if (Array.isArray(value)) return 'Array'
  if (types.isMap(value)) return 'Map'
  if (types.isSet(value)) return 'Set'
  // A typed array would list each of its numbers as a property. A namespace is the module's own variables, by accessors.
  const isOpaque = ArrayBuffer.isView(value) || types.isBoxedPrimitive(value) || types.isModuleNamespaceObject(value)
  return isOpaque ? null : 'object'
}

/** Entries of a container, own properties of an object. */
export function entryCount(value: object, kind: ContainerKind): number {
  if (kind === 'Map') return Reflect.apply(mapSize, value, []) as number
  if (kind === 'Set') return Reflect.apply(setSize, value, []) as number
  return kind === 'Array' ? (value as unknown[]).length : Reflect.ownKeys(value).length
}

const SAMPLED_KEYS = 16

/** Whether most of the first keys of a Map are keys of another one, too: then both are of the same entries. */
export function haveSameKeys(one: object, other: object): boolean {
  const keys = Reflect.apply(mapKeys, one, [])
  let [asked, known] = [0, 0]
  for (; asked < SAMPLED_KEYS; asked++) {
    const next: IteratorResult<unknown> = Reflect.apply(nextKey, keys, [])
    if (next.done === true) break
    if (Reflect.apply(mapHas, other, [next.value])) known++
  }
  return 2 * known > asked
}

/** The source text of a function. */
export function functionSource(value: object): string {
  return Reflect.apply(functionText, value, [])
}

/**
 * Takes every entry out.
 *
 * @returns how many remain: an object that is frozen or sealed keeps them
 */
export function emptyContainer(value: object, kind: ContainerKind): number {
  if (kind === 'Map') Reflect.apply(mapClear, value, [])
  else if (kind === 'Set') Reflect.apply(setClear, value, [])
  else if (kind === 'Array') Reflect.defineProperty(value, 'length', { value: 0 })
  else deleteProperties(value)
  return entryCount(value, kind)
}

/**
 * From the end: V8 then shortens the store of numbered properties as it goes. No loop of our own and no function either:
 * a hundred thousand rounds would be compiled in the background, megabytes that show in the very window.
 */
function deleteProperties(value: object): void {
  Reflect.ownKeys(value).reverse().forEach(Reflect.deleteProperty.bind(undefined, value))
}

function getterOf(owner: object, key: PropertyKey): () => unknown {
  const getter = Reflect.getOwnPropertyDescriptor(owner, key)?.get
  if (getter === undefined) throw new TypeError(`no getter ${String(key)}`)
  return getter
}
