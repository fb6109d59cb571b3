/** Where something stands, as a person reads it. Pure. */
import { formatBytes, printable } from '../../support/units.js'

const REACH_LENGTH_MAX = 80

/** `server.js › createQueue() › pending`; empty where neither is known. */
export function placeOf(script: string | null, path: string | null): string {
  return [...(script === null ? [] : [baseOf(script)]), ...(path === null ? [] : [path])].join(' › ')
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
  return printable(count === 1 ? place : `${place} (${formatBytes(largest.retainedBytes)})`, REACH_LENGTH_MAX)
}

/** `queue.js:17`. */
export function scriptLine({ script, line }: { readonly script: string; readonly line: number | null }): string {
  return `${baseOf(script)}${line === null ? '' : `:${String(line)}`}`
}
