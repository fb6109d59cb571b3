/**
 * Objects that are of no class of JavaScript, by what they are to a reader: V8 names them for itself. Pure.
 *
 * Rule: the names are those of native/v8-names.c and of V8's own snapshots. A name that is not known here and looks like V8's is
 * called V8's own, and the root of all is no row.
 */

/** The root, and in V8's snapshots the groups of roots: no objects. */
export const ROOT_NAME = '(synthetic)'

const KINDS: ReadonlyMap<string, string> = new Map([
  ['(array)', 'tables of arrays, Maps and objects'],
  ['(string)', 'strings'],
  ['(concatenated string)', 'strings that were joined'],
  ['(sliced string)', 'parts of longer strings'],
  ['(number)', 'numbers'],
  ['(bigint)', 'BigInts'],
  ['(symbol)', 'symbols'],
  ['(regexp)', 'regular expressions'],
  ['(closure)', 'functions'],
  ['(compiled code)', 'code'],
  ['(object shape)', 'shapes of objects'],
  ['system / Context', 'variables of functions'],
  ['system / NativeContext', 'built-ins of a realm'],
  ['system / JSArrayBufferData', 'memory of ArrayBuffers'],
])
const OTHER = "V8's own"
const SYSTEM = 'system / '

/** What objects of that name are, in words; null of a class of JavaScript. */
export function engineKind(className: string): string | null {
  const known = KINDS.get(className)
  if (known !== undefined) return known
  if (className.startsWith(SYSTEM)) return `${OTHER}: ${className.slice(SYSTEM.length)}`
  return className === '(hidden)' ? OTHER : null
}
