/** A discovery as a terminal shows it. Pure, but it asks whether that terminal wants colours. */
import { boolean, optional, resolveOptions } from '../../support/options.js'
import { formatBytes, formatCount, formatMs, formatShare, printable } from '../../support/units.js'
import { fitParts } from '../fit-lines.js'
import { WIDTH_RULE, formatTable, palette } from '../format-table.js'
import type { Palette, TableColumn } from '../format-table.js'
import { knownBytes } from '../whole.js'
import { NATIVE_LEAST_BYTES, hasOtherHeaps, namedByGraph } from './explained.js'
import type { GraphNamed } from './explained.js'
import { inFlightLines } from './format-in-flight.js'
import { packageLines } from './format-packages.js'
import { baseOf, placeOf, scriptLine, shortPlace } from './place-of.js'
import { whoseNative } from './format-native.js'
import { trendCell } from '../trends/format-trends.js'
import type { AttributionReport } from '../types.js'
import type { Discovery, Owner, OwnerField, OwnerSite, SharedMemory } from './types.js'

/** How {@link formatDiscovery} writes. */
export interface FormatDiscoveryOptions {
  /**
   * ANSI colours.
   * @default true where standard output is a terminal and `NO_COLOR` is not set
   */
  readonly color?: boolean | undefined
  /**
   * Columns that a line may have, 20 or more. Tables give way by going on in further lines.
   * @default those of the terminal where standard output is one and `color` is not given, else Infinity
   */
  readonly width?: number | undefined
}

const OWNER_LENGTH_MAX = 100
const PLACE_LENGTH_LEAST = 40

/**
 * A table of the owners of live memory, the largest first, then the rest of it in one line, the noise, and what went wrong.
 *
 * @returns several lines, without a newline at the end
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`
 * @example
 * console.log(formatDiscovery(await discover({ limit: 20 })))
 */
export function formatDiscovery(discovery: Discovery, options?: FormatDiscoveryOptions): string {
  const { color, width } = resolveOptions('formatDiscovery()', options, { color: optional(boolean), width: WIDTH_RULE })
  return discoveryText(discovery, palette(color, width))
}

/** Live bytes of a report after every release. */
type Floor = Pick<AttributionReport['floor'], 'allocatedBytes' | 'heapBytes'>

/**
 * The same with the emphases of a report, of which the owners explain the floor.
 *
 * @param floor that of the report; null of a discovery by itself
 * @internal
 */
export function discoveryText(discovery: Discovery, paints: Palette, floor: Floor | null = null): string {
  const warnings = discovery.warnings.map(({ code, message }) => `${printable(code, 60)}: ${printable(message, 300)}`)
  const parts = [
    ownerLines(discovery, paints, floor),
    packageLines(discovery.packages ?? [], paints),
    inFlightLines(discovery.inFlight ?? [], paints),
    warnings.map((line) => paints.dim(line)),
  ]
  return fitParts(parts, paints.width)
}

function ownerLines(discovery: Discovery, paints: Palette, floor: Floor | null): string[] {
  const { strong, dim } = paints
  const { owners, live, others, noise, durationMs } = discovery
  // Reports of before had discoveries of another kind.
  if (live === null) return [strong('Owners of live memory'), 'no owner is known: the heap was not walked']
  const { totalBytes } = live
  const rest = totalBytes - owners.reduce((bytes, { own }) => bytes + own.totalBytes, 0) - others.totalBytes
  const took = formatMs(durationMs.walking + durationMs.measuring)
  return [
    `${strong('Owners of live memory')} ${dim(`(${formatBytes(totalBytes)} live, by the graph of the heap, took ${took})`)}`,
    '',
    ...(owners.length === 0
      ? [noneLine(discovery)]
      : formatTable(columns(totalBytes, owners), owners, paints, ({ cache }) =>
          cache === null ? (text) => text : dim,
        )),
    ...(others.count === 0
      ? []
      : [
          dim(
            `${formatCount(others.count)} smaller owner${others.count === 1 ? '' : 's'}: ${ofLive(others.totalBytes, totalBytes)}`,
          ),
        ]),
    dim(`the rest: ${ofLive(rest, totalBytes)} of code, Node itself and small pieces`),
    ...threadLines(discovery).map((line) => dim(line)),
    ...explainedLines(discovery, floor).map((line) => dim(line)),
    ...(discovery.shared ?? []).map((shared) => dim(describeShared(shared))),
    ...owners.flatMap((owner, place) =>
      owner.disagreement === null
        ? []
        : [dim(`owner ${formatCount(place + 1)}: ${printable(owner.disagreement, 300)}`)],
    ),
    '',
    `noise       ± ${formatBytes(noise.allocatedBytes)} allocator, ± ${formatBytes(noise.heapBytes)} JS heap`,
  ]
}

/** Worker threads that were not searched. */
function threadLines({ threads = [] }: Discovery): string[] {
  return threads.flatMap(({ threadId, name, status, heapUsedBytes, error }) => {
    if (status === 'searched') return []
    const worker = `worker ${printable(threadId, 12)}${name === null || name === '' ? '' : ` (${printable(name, 40)})`}`
    const heap = heapUsedBytes === null ? 'of unknown heap' : `of ${formatBytes(heapUsedBytes)} of heap`
    const why =
      error === undefined ? 'it has no coordinator' : `${printable(error.code, 60)}: ${printable(error.message, 200)}`
    return [`not searched: ${worker} ${heap}: ${why}`]
  })
}

/** How much of what was live, or of a report's floor, the graph names, and what it cannot name. */
export function explainedLines(discovery: Discovery, floor: Floor | null = null): string[] {
  const { live } = discovery
  const named = live === null ? null : namedByGraph(live)
  const withOthers = hasOtherHeaps(discovery)
  if (live === null || named === null) return []
  const { usedHeapBytes = 0, allocatedBytes = null } = live
  const [of, native, heap] =
    floor === null ? ['live', allocatedBytes, usedHeapBytes] : ['floor of', floor.allocatedBytes, floor.heapBytes]
  return [
    `of the ${of} ${native === null ? '' : `${formatBytes(native)} allocator + `}${formatBytes(heap)} JS heap, ${formatShare(named.share, 1)} are explained by owner, package or part of the engine`,
    ...(named.nativeBytes === null || named.nativeBytes < NATIVE_LEAST_BYTES
      ? []
      : [
          `native memory without ${withOthers ? "an owner in this thread's heap" : 'a JavaScript owner'}: ${formatBytes(named.nativeBytes)}${besides(named, withOthers)}${whoseNative(discovery)}; a heap profile shows the code that allocated it (cache-attribution run --profile)`,
        ]),
  ]
}

/** The other parts of it, and what is not in it. */
function besides({ isBeyondNode }: GraphNamed, withOthers: boolean): string {
  const others = withOthers ? 'the memory of other threads' : ''
  if (isBeyondNode) return ` beside Node's own${others === '' ? '' : `, ${others} among it`}`
  return `, Node's and V8's own${others === '' ? '' : ` and ${others}`} among it`
}

function noneLine({ leastBytes }: Discovery): string {
  return leastBytes === undefined
    ? 'no owner is as large as asked for'
    : `no owner holds ${formatBytes(leastBytes)} or more`
}

function ofLive(bytes: number, totalBytes: number): string {
  return `${formatBytes(bytes)} (${formatShare(bytes, totalBytes)})`
}

/**
 * The name of an owner in one line, with its kind and number of entries: `server.js › createQueue() › pending: Array(5,000)`,
 * `timers ×20,000 set in queue.js:17`.
 *
 * @example
 * for (const owner of discovery.owners) console.log(describeOwner(owner), owner.own.totalBytes)
 */
export function describeOwner(owner: Owner): string {
  const registered = owner.cache === null ? '' : ` (the cache ${JSON.stringify(owner.cache)})`
  const { threadId = 0 } = owner
  const worker = threadId === 0 ? '' : `worker ${printable(threadId, 12)} › `
  const described = (place: string): string => `${worker}${whatOf(owner, place)}${registered}`
  const place = placeOf(owner.script, owner.path)
  const surplus = [...described(place)].length - OWNER_LENGTH_MAX
  // The class and the entries say more than the middle of the way to it.
  const short = surplus <= 0 ? place : shortPlace(place, Math.max(PLACE_LENGTH_LEAST, [...place].length - surplus))
  return printable(described(short), OWNER_LENGTH_MAX)
}

function whatOf(owner: Owner, place: string): string {
  const { path, script, className, entries, instances, kind, site = null } = owner
  const times = instances === 1 ? '' : ` ×${formatCount(instances)}`
  switch (kind) {
    case 'timers':
    case 'immediates':
      return `${kind} ×${formatCount(instances)}${site === null ? '' : ` set in ${scriptLine(site)}`}`
    case 'calls':
      return `promises awaiting ${path ?? 'an async function'} ×${formatCount(instances)}${fromSite(site)}`
    case 'generators':
      return `suspended generators ${path ?? ''} ×${formatCount(instances)}${fromSite(site)}`
    case 'sockets':
    case 'requests':
      return `${kind} ${className} ×${formatCount(instances)}`
    case 'modules':
      return `${formatCount(instances)} modules ${script === null ? '' : baseOf(script)}`
    case 'listeners':
      return `${listenersOf(place)} ×${formatCount(entries ?? site?.count ?? instances)}${fromSite(site)}`
    default: {
      const what = `${nameOf(className)}${entries === null ? '' : `(${formatCount(entries)})`}`
      const functions =
        site === null ? '' : `, ×${formatCount(site.count)} ${nameOfSite(site)} from ${scriptLine(site)}`
      return `${place === '' ? '' : `${place}: `}${what}${times}${functions}`
    }
  }
}

/** `app.js › bus._events.config` → `app.js › bus.listeners('config')`; the same of an EventTarget. */
function listenersOf(place: string): string {
  return place.replace(/\.(?:_events|Symbol\(kEvents\))\.([^.]+)(?:\.next)?$/, ".listeners('$1')")
}

function fromSite(site: OwnerSite | null): string {
  return site === null ? '' : ` from ${scriptLine(site)}`
}

function nameOfSite(site: OwnerSite): string {
  return site.function === null ? 'functions' : `${site.function}()`
}

const TEXT = /^\((?:concatenated |sliced )?string\)$/

/** V8's words for what has no class. */
function nameOf(className: string): string {
  if (className === '(closure)') return 'function'
  if (TEXT.test(className)) return 'string'
  if (className === 'system / NativeContext') return 'built-ins of a context'
  return className === 'system / Context' ? 'variables of a function' : className
}

function columns(totalBytes: number, owners: readonly Owner[]): TableColumn<Owner>[] {
  return [
    // Remarks and notes name owners by their number.
    { title: '#', cell: (owner) => formatCount(owners.indexOf(owner) + 1) },
    { title: 'owner', alignsLeft: true, cell: describeOwner },
    { title: 'holds', cell: ({ own }) => formatBytes(own.totalBytes) },
    { title: 'share', cell: ({ own }) => formatShare(own.totalBytes, totalBytes) },
    { title: 'JS heap', cell: ({ own }) => formatBytes(own.heapBytes) },
    { title: 'buffers', cell: ({ own }) => formatBytes(own.memoryBytes) },
    { title: 'released', cell: ({ released }) => (released === null ? '–' : formatBytes(knownBytes(released))) },
    { title: '±', cell: ({ uncertaintyBytes }) => formatBytes(uncertaintyBytes) },
    { title: 'RSS falls by', cell: ({ returned }) => (returned === null ? '–' : formatBytes(returned.residentBytes)) },
    { title: 'B/entry', cell: (owner) => bytesPerEntry(owner, owners) },
    { title: 'trend', cell: ({ growth }) => trendCell(growth) },
    { title: '', alignsLeft: true, cell: remark },
  ]
}

/** `of owner 3, 1.83 MiB (×400) are held by server.js › catalogue and server.js › recent together`. */
export function describeShared({ countedWith, holders, count, totalBytes }: SharedMemory): string {
  const where = countedWith === null ? 'of the rest' : `of owner ${printable(countedWith + 1, 12)}`
  const names = holders.map(({ script, path }) =>
    printable(shortPlace(placeOf(script, path), OWNER_LENGTH_MAX), OWNER_LENGTH_MAX),
  )
  const [first = '', second] = names
  const held =
    second === undefined ? `${first} as well` : second === first ? `two of ${first}` : `${first} and ${second} together`
  return `${where}, ${formatBytes(totalBytes)} (×${formatCount(count)}) are held by ${held}`
}

/** `2`, `2 and 5`, `2, 5 and 7`: as rows are counted. */
function placesOf(places: readonly number[]): string {
  const names = places.map((place) => printable(place + 1, 12))
  return [...(names.length > 1 ? [names.slice(0, -1).join(', ')] : []), names.at(-1) ?? ''].join(' and ')
}

/** With the rows that its entries are. */
function bytesPerEntry(owner: Owner, owners: readonly Owner[]): string {
  const { own, entries } = owner
  const place = owners.indexOf(owner)
  const ofEntries = owners.filter((each) => each.instances > 1 && isEntryOf(each, owner, place))
  const bytes = own.totalBytes + ofEntries.reduce((sum, { retained }) => sum + retained.totalBytes, 0)
  return entries === null || entries === 0 ? '–' : formatCount(bytes / entries)
}

function isEntryOf({ partOf, path, script }: Owner, outer: Owner, place: number): boolean {
  if (partOf !== place || outer.path === null || script !== outer.script) return false
  const paths = [outer.path, ...(outer.fields ?? []).map((field) => `${String(outer.path)}.${field.path}`)]
  return paths.some((each) => path?.startsWith(`${each}[`) === true)
}

const FIELDS_MOST = 2

/** `#byId 9.04 MiB, #times 781.3 KiB, 2 more in it`. */
function fieldsIn(fields: readonly OwnerField[]): string {
  if (fields.length === 0) return ''
  const named = fields
    .slice(0, FIELDS_MOST)
    .map(({ path, totalBytes }) => `${printable(path, 40)} ${formatBytes(totalBytes)}`)
  const more = fields.length - named.length
  return `with ${[...named, ...(more > 0 ? [`${formatCount(more)} more`] : [])].join(', ')}`
}

function remark(owner: Owner): string {
  const { own, retained, released, partOf, sharedBy = [], package: packageName, fields = [] } = owner
  return [
    fieldsIn(fields),
    own.totalBytes === retained.totalBytes ? '' : `${formatBytes(retained.totalBytes)} with what lies in it`,
    partOf === null ? '' : `in owner ${printable(partOf + 1, 12)}`,
    sharedBy.length === 0 ? '' : `held by owner${sharedBy.length === 1 ? '' : 's'} ${placesOf(sharedBy)} as well`,
    packageName === null || packageName === 'node' ? '' : `package ${printable(packageName, 40)}`,
    released === null ? 'by the graph alone' : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}
