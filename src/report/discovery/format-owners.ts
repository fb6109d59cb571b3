/** Owners of live memory as a terminal shows them. Pure. */
import { formatBytes, formatCount, formatShare, printable } from '../../support/units.js'
import { formatTable } from '../format-table.js'
import type { TableColumn } from '../format-table.js'
import { baseOf, placeOf } from './place-of.js'
import type { Discovery, Owner, OwnerSite } from './types.js'
import { trendCell } from '../trends/format-trends.js'

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

/** `server.js › createQueue() › pending: Array(5,000)`, `timers ×20,000 set in queue.js:17`. */
export function describeOwner(owner: Owner): string {
  const registered = owner.cache === null ? '' : ` (the cache ${JSON.stringify(owner.cache)})`
  return printable(`${whatOf(owner)}${registered}`, OWNER_LENGTH_MAX)
}

function whatOf(owner: Owner): string {
  const { path, script, className, entries, instances, kind, site = null } = owner
  const times = instances === 1 ? '' : ` ×${formatCount(instances)}`
  const place = placeOf(script, path)
  switch (kind) {
    case 'timers':
    case 'immediates':
      return `${kind} ×${formatCount(instances)}${site === null ? '' : ` set in ${lineOf(site)}`}`
    case 'calls':
      return `promises awaiting ${path ?? 'an async function'} ×${formatCount(instances)}${from(site)}`
    case 'generators':
      return `suspended generators ${path ?? ''} ×${formatCount(instances)}${from(site)}`
    case 'modules':
      return `${formatCount(instances)} modules ${script === null ? '' : baseOf(script)}`
    case 'listeners':
      return `${listenersOf(place)} ×${formatCount((entries ?? 1) * (entries === null ? instances : 1))}${from(site)}`
    default: {
      const what = `${nameOf(className)}${entries === null ? '' : `(${formatCount(entries)})`}`
      const functions = site === null ? '' : `, ×${formatCount(site.count)} ${nameOfSite(site)} from ${lineOf(site)}`
      return `${place === '' ? '' : `${place}: `}${what}${times}${functions}`
    }
  }
}

/** `app.js › bus._events.config` → `app.js › bus.listeners('config')`. */
function listenersOf(place: string): string {
  return place.replace(/\._events\.([^.]+)$/, ".listeners('$1')")
}

function from(site: OwnerSite | null): string {
  return site === null ? '' : ` from ${lineOf(site)}`
}

function lineOf({ script, line }: OwnerSite): string {
  return `${baseOf(script)}${line === null ? '' : `:${String(line)}`}`
}

function nameOfSite(site: OwnerSite): string {
  return site.function === null ? 'functions' : `${site.function}()`
}

/** V8's words for what has no class. */
function nameOf(className: string): string {
  if (className === '(closure)') return 'function'
  return className === 'system / Context' ? 'variables of a function' : className
}

function columns(totalBytes: number): TableColumn<Owner>[] {
  return [
    { title: 'owner', alignsLeft: true, cell: describeOwner },
    { title: 'holds', cell: ({ own }) => formatBytes(own.totalBytes) },
    { title: 'share', cell: ({ own }) => formatShare(own.totalBytes, totalBytes) },
    { title: 'JS heap', cell: ({ own }) => formatBytes(own.heapBytes) },
    { title: 'buffers', cell: ({ own }) => formatBytes(own.memoryBytes) },
    { title: 'B/entry', cell: bytesPerEntry },
    { title: 'trend', cell: ({ growth }) => trendCell(growth) },
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
