/** Where something stands, as a person reads it. Pure. */
import { formatBytes, printable } from '../../support/units.js'

const REACH_LENGTH_MAX = 80

/** `server.js › createQueue() › pending`; empty where neither is known. */
export function placeOf(script: string | null, path: string | null): string {
  return [...(script === null ? [] : [baseOf(script)]), ...(path === null ? [] : [path])].join(' › ')
}

/**
 * A place of at most `length` characters: its beginning says where, its end says what, so that parts in the middle are left out.
 * Of `file.js › a() › b.c.d.e` it keeps `file.js › … .d.e`.
 */
export function shortPlace(place: string, length: number): string {
  const characters = [...place]
  if (characters.length <= length) return place
  const parts = place.split(/(?= › |\.|\[)/)
  const isSegment = (part: string): boolean => part.startsWith(' › ')
  const headEnd = Math.max(1, parts.findIndex(isSegment))
  const head = `${parts.slice(0, headEnd).join('')} › …`
  let tail = ''
  for (const part of parts.slice(headEnd).reverse()) {
    if ([...head, ...part, ...tail].length > length) break
    tail = part + tail
  }
  if (tail !== '') return head + tail
  const tailLength = Math.floor((length - 1) / 2)
  return `${characters.slice(0, length - 1 - tailLength).join('')}…${characters.slice(characters.length - tailLength).join('')}`
}

/** The file of a script, its query with it; a name of Node's own scripts as it is. */
export function baseOf(script: string): string {
  if (script.startsWith('node:')) return script
  return script.slice(Math.max(script.lastIndexOf('/'), script.lastIndexOf('\\')) + 1)
}

/** The reported facts of a class. */
interface ClassReached {
  readonly count: number
  /** Null, or absent in a result of an older version. */
  readonly largest?: {
    readonly retainedBytes: number
    readonly path: string | null
    readonly script: string | null
  } | null
}

/** `server.js › bus`, with what that one retains where there are several of its class; empty where nothing shows. */
export function describeLargest({ count, largest }: ClassReached): string {
  const place = largest == null ? '' : placeOf(largest.script, largest.path)
  if (largest == null || place === '') return ''
  const bytes = count === 1 ? '' : ` (${formatBytes(largest.retainedBytes)})`
  return printable(`${shortPlace(place, REACH_LENGTH_MAX - bytes.length)}${bytes}`, REACH_LENGTH_MAX)
}

/** `queue.js:17`. */
export function scriptLine({ script, line }: { readonly script: string; readonly line: number | null }): string {
  return `${baseOf(script)}${line === null ? '' : `:${String(line)}`}`
}
