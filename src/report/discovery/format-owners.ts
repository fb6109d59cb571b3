/** Owners of live memory as a terminal shows them. Pure. */
import { formatBytes, formatCount, formatShare, printable } from '../../support/units.js'
import { formatTable } from '../format-table.js'
import type { TableColumn } from '../format-table.js'
import type { Discovery, Owner } from './types.js'

const OWNER_LENGTH_MAX = 100

/** How a part is painted. */
export interface OwnerPaints {
  readonly strong: (text: string) => string
  readonly dim: (text: string) => string
}

type OwnersOf = Pick<Discovery, 'owners' | 'live'>

/** A headline and a table, with an empty line behind; nothing where the heap was not walked, or an older version made it. */
export function ownerLines({ owners = [], live }: Partial<OwnersOf>, paints: OwnerPaints): string[] {
  if (live == null) return []
  const { strong, dim } = paints
  const rest = live.totalBytes - owners.reduce((bytes, { own }) => bytes + own.totalBytes, 0)
  return [
    `${strong('Owners of live memory')} ${dim(`(${formatBytes(live.totalBytes)} live, by the graph of the heap)`)}`,
    '',
    ...(owners.length === 0
      ? ['none holds as much as is asked for']
      : formatTable(columns(live.totalBytes), owners, strong, ({ cache }) => (cache === null ? (text) => text : dim))),
    dim(
      `the rest: ${formatBytes(rest)} (${formatShare(rest, live.totalBytes)}) of code, Node itself and smaller owners`,
    ),
    '',
  ]
}

/** `server.js › createQueue() › pending: Array(5,000)`. */
export function describeOwner({ path, script, className, entries, instances, cache }: Owner): string {
  const file = script === null ? [] : [baseOf(script)]
  const place = [...file, ...(path === null ? [] : [path])].join(' › ')
  const what = `${nameOf(className)}${entries === null ? '' : `(${formatCount(entries)})`}`
  const times = instances === 1 ? '' : ` ×${formatCount(instances)}`
  const registered = cache === null ? '' : ` (the cache ${JSON.stringify(cache)})`
  return printable(`${place === '' ? '' : `${place}: `}${what}${times}${registered}`, OWNER_LENGTH_MAX)
}

/** V8's words for what has no class. */
function nameOf(className: string): string {
  if (className === '(closure)') return 'function'
  return className === 'system / Context' ? 'variables of a function' : className
}

function baseOf(script: string): string {
  if (script.startsWith('node:')) return script
  return script.slice(Math.max(script.lastIndexOf('/'), script.lastIndexOf('\\')) + 1)
}

function columns(totalBytes: number): TableColumn<Owner>[] {
  return [
    { title: 'owner', alignsLeft: true, cell: describeOwner },
    { title: 'holds', cell: ({ own }) => formatBytes(own.totalBytes) },
    { title: 'share', cell: ({ own }) => formatShare(own.totalBytes, totalBytes) },
    { title: 'JS heap', cell: ({ own }) => formatBytes(own.heapBytes) },
    { title: 'buffers', cell: ({ own }) => formatBytes(own.memoryBytes) },
    { title: 'B/entry', cell: bytesPerEntry },
    { title: '', alignsLeft: true, cell: remark },
  ]
}

function bytesPerEntry({ own, entries }: Owner): string {
  return entries === null || entries === 0 ? '–' : formatCount(own.totalBytes / entries)
}

function remark({ own, retained, partOf, package: from }: Owner): string {
  return [
    own.totalBytes === retained.totalBytes ? '' : `${formatBytes(retained.totalBytes)} with what lies in it`,
    partOf === null ? '' : `in owner ${printable(partOf + 1, 12)}`,
    from === null || from === 'node' ? '' : `package ${printable(from, 40)}`,
  ]
    .filter((part) => part !== '')
    .join(', ')
}
