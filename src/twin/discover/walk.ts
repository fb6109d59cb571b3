/** From an object to what it holds: own data properties, elements, entries, members. Runs none of its code. */
import { eachEntry, eachMember } from './intrinsics.js'
import type { ContainerKind } from './intrinsics.js'
import { isNumeric } from './object-reader.js'
import type { ObjectReader } from './object-reader.js'

/** How an object is held: `key` is a property's or an entry's key, an index, or nothing for a member of a Set. */
export type Via = 'property' | 'element' | 'entry' | 'member'

/** Called for each object that is held; primitives are passed over. */
export type VisitChild = (child: object, via: Via, key: unknown) => void

/** Visits what `owner` holds directly. */
export function eachChild(owner: object, kind: ContainerKind, reader: ObjectReader, visit: VisitChild): void {
  if (kind === 'Array') {
    const list = owner as unknown[]
    if (isNumeric(list)) return
    reader.eachElement(list, (value, index) => {
      if (isObject(value)) visit(value, 'element', index)
    })
  } else if (kind === 'Map') {
    eachEntry(owner, (value, key) => {
      if (isObject(value)) visit(value, 'entry', key)
      if (isObject(key)) visit(key, 'member', undefined)
    })
  } else if (kind === 'Set') {
    eachMember(owner, (value) => {
      if (isObject(value)) visit(value, 'member', undefined)
    })
  } else {
    reader.eachProperty(owner, (value, key) => {
      if (isObject(value)) visit(value, 'property', key)
    })
  }
}

/** Whether something can hold others. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
