/**
 * Reads the shape of an object that may be anything: a Proxy, a getter that connects to a database, a closed database.
 *
 * Rule: reading a shape never throws, and what cannot be read is not there. Whether a member is there, and whether it is a method, is
 * read without calling a getter. Only `readMember()` and what is built on it call one: ask for methods first.
 */
import { types } from 'node:util'

/**
 * The property under this name, own or inherited. Of a Proxy only its answer is known, and that is asked for.
 */
function propertyOf(value: object, name: PropertyKey): PropertyDescriptor | undefined {
  try {
    for (let holder: object | null = value; holder !== null;) {
      if (types.isProxy(holder)) return { value: Reflect.get(holder, name, value) as unknown }
      const own = Object.getOwnPropertyDescriptor(holder, name)
      if (own !== undefined) return own
      holder = Object.getPrototypeOf(holder) as object | null
    }
  } catch {
    // A Proxy that throws, or was revoked.
  }
  return undefined
}

/** A member of `value`, inherited ones included; undefined where reading it throws. Calls a getter. */
export function readMember(value: object, name: PropertyKey): unknown {
  try {
    return (value as Record<PropertyKey, unknown>)[name]
  } catch {
    return undefined
  }
}

/** The same where no getter has to be called; undefined of a member that is one. */
export function dataMember(value: object, name: PropertyKey): unknown {
  return propertyOf(value, name)?.value
}

/** Whether there is such a member: one with a getter counts, and the getter is not called. */
export function hasMember(value: object, name: PropertyKey): boolean {
  const property = propertyOf(value, name)
  return property !== undefined && (property.get !== undefined || property.value != null)
}

/** Whether all of these are methods; calls no getter. */
export function hasMethods(value: object, ...names: readonly PropertyKey[]): boolean {
  return names.every((name) => typeof dataMember(value, name) === 'function')
}

/** Whether all of these are numbers. A Proxy that answers every question with a function is told from a cache by it. */
export function hasNumbers(value: object, ...names: readonly PropertyKey[]): boolean {
  return names.every((name) => typeof readMember(value, name) === 'number')
}

/** Whether any of these is there; calls no getter. */
export function hasAny(value: object, ...names: readonly PropertyKey[]): boolean {
  return names.some((name) => hasMember(value, name))
}

/** The object in a member, or undefined. */
export function objectIn(value: object, name: PropertyKey): object | undefined {
  const member = readMember(value, name)
  return typeof member === 'object' && member !== null ? member : undefined
}

/** The objects in own members, by name; calls no getter. Empty of what cannot be listed. */
export function ownObjects(value: object): [PropertyKey, object][] {
  try {
    if (types.isProxy(value)) return []
    return Reflect.ownKeys(value).flatMap((name): [PropertyKey, object][] => {
      const member: unknown = Object.getOwnPropertyDescriptor(value, name)?.value
      return typeof member === 'object' && member !== null ? [[name, member]] : []
    })
  } catch {
    return []
  }
}

/** The own names of an object literal; undefined of anything else. */
export function literalKeys(value: object): string[] | undefined {
  try {
    const prototype: unknown = Object.getPrototypeOf(value)
    return prototype === Object.prototype || prototype === null ? Object.keys(value) : undefined
  } catch {
    return undefined
  }
}
