/**
 * Reads the shape of an object that may be anything: a Proxy, a getter that throws, a closed database.
 *
 * Rule: a look never throws; what cannot be read is not there.
 */

/** A member of `value`, inherited ones included; undefined where reading it throws. */
export function readMember(value: object, name: PropertyKey): unknown {
  try {
    return (value as Record<PropertyKey, unknown>)[name]
  } catch {
    return undefined
  }
}

/** Whether all of these are methods. */
export function hasMethods(value: object, ...names: readonly PropertyKey[]): boolean {
  return names.every((name) => typeof readMember(value, name) === 'function')
}

/** Whether all of these are numbers. A Proxy that answers every question with a function is told from a cache by it. */
export function hasNumbers(value: object, ...names: readonly PropertyKey[]): boolean {
  return names.every((name) => typeof readMember(value, name) === 'number')
}

/** Whether any of these is there. */
export function hasAny(value: object, ...names: readonly PropertyKey[]): boolean {
  return names.some((name) => readMember(value, name) !== undefined)
}

/** The object in a member, or undefined. */
export function objectIn(value: object, name: PropertyKey): object | undefined {
  const member = readMember(value, name)
  return typeof member === 'object' && member !== null ? member : undefined
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
