/** From an object to what it holds: own data properties, elements, entries, members. Runs none of its code. */
import { eachEntry, eachMember } from './intrinsics.js'
import type { ContainerKind } from './intrinsics.js'

/** How an object is held: `key` is a property's or an entry's key, an index, or nothing for a member of a Set. */
export type Via = 'property' | 'element' | 'entry' | 'member'

/** Called for each object that is held; primitives are passed over. */
export type VisitChild = (child: object, via: Via, key: unknown) => void

/** Visits what `owner` holds directly. May throw for exotic objects (a module whose bindings are not set yet). */
export function eachChild(owner: object, kind: ContainerKind, visit: VisitChild): void {
  if (kind === 'Array') {
    const list = owner as unknown[]
    if (isNumeric(list)) return
    for (let index = 0; index < list.length; index++) {
      // An accessor on an array is possible, and nothing that a hoard is made of: reading it would run code.
      const value = list[index]
      if (isObject(value)) visit(value, 'element', index)
    }
  } else if (kind === 'Map') {
    eachEntry(owner, (value, key) => {
      if (isObject(value)) visit(value, 'entry', key)
      if (isObject(key)) visit(key, 'member', undefined)
    })
  } else if (kind === 'Set') {
    eachMember(owner, (value) => {
      if (isObject(value)) visit(value, 'member', undefined)
    })
  } else eachProperty(owner, visit)
}

function eachProperty(owner: object, visit: VisitChild): void {
  const keys = Reflect.ownKeys(owner)
  for (const key of keys) {
    const value: unknown = Reflect.getOwnPropertyDescriptor(owner, key)?.value
    if (isObject(value)) visit(value, 'property', key)
  }
}

/** Whether something can hold others. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

const NUMERIC_SAMPLE = 16
const NUMERIC_LEAST = 1024

/** A long array of which every sampled element is a number: nothing to visit, and reading it makes garbage. */
function isNumeric(list: readonly unknown[]): boolean {
  if (list.length < NUMERIC_LEAST) return false
  const stride = Math.floor(list.length / NUMERIC_SAMPLE)
  for (let index = 0; index < list.length; index += stride) if (typeof list[index] !== 'number') return false
  return true
}
