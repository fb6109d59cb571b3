/** A discovery as a terminal shows it. Pure but for one look: whether that terminal wants colours. */
import { boolean, optional, resolveOptions } from '../../support/options.js'
import { formatBytes, formatCount, formatMs, printable } from '../../support/units.js'
import { formatTable, palette } from '../format-table.js'
import type { TableColumn } from '../format-table.js'
import { knownBytes } from '../whole.js'
import { ownerLines } from './format-owners.js'
import type { Discovery, Hoard, RecognisedCache } from './types.js'

/** How {@link formatDiscovery} writes. */
export interface FormatDiscoveryOptions {
  /**
   * ANSI colours.
   * @default true where standard output is a terminal and `NO_COLOR` is not set
   */
  readonly color?: boolean | undefined
}

const PATH_LENGTH_MAX = 90

/**
 * A table of the owners of live memory, then one of the hoards by bytes, parts under what they lie in, then the registered caches that were found, then what
 * went wrong.
 *
 * @returns several lines, without a newline at the end
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`
 */
export function formatDiscovery(discovery: Discovery, options?: FormatDiscoveryOptions): string {
  const { color } = resolveOptions('formatDiscovery()', options, { color: optional(boolean) })
  const { strong, dim, bad } = palette(color)
  const { hoards, recognised, examined, durationMs, noise, warnings } = discovery
  const tookMs = durationMs.census + durationMs.naming + durationMs.measuring
  const rows = inTree(hoards)
  const table = formatTable(
    columns(hoards),
    rows,
    strong,
    ({ error, significant }) =>
      (text) =>
        error !== undefined ? bad(text) : significant ? text : dim(text),
  )
  return [
    ...ownerLines(discovery, { strong, dim }),
    `${strong('Hoards that nobody registered')} ${dim(`(of ${formatCount(examined.objects)} live objects and ${formatCount(examined.collections)} collections, took ${formatMs(tookMs)})`)}`,
    '',
    ...(rows.length === 0 ? ['none was found'] : table),
    '',
    `noise       ± ${formatBytes(noise.allocatedBytes)} allocator, ± ${formatBytes(noise.heapBytes)} JS heap`,
    ...registered(recognised),
    ...rows.flatMap(({ path, error }) =>
      error === undefined
        ? []
        : [
            bad(
              `${printable(path ?? NO_PATH, PATH_LENGTH_MAX)}: ${printable(error.code, 60)}: ${printable(error.message, 300)}`,
            ),
          ],
    ),
    ...warnings.map(({ code, message }) => dim(`${printable(code, 60)}: ${printable(message, 300)}`)),
  ].join('\n')
}

const NO_PATH = '(no path found)'

/** `server.js › UserStore.byId: Map(500,000)`, with the instances where there are several. */
export function describeHoard({ path, className, entries, instances }: Hoard): string {
  const times = instances === 1 ? '' : ` in ${formatCount(instances)} instances`
  return `${printable(path ?? NO_PATH, PATH_LENGTH_MAX)}: ${printable(className, 40)}(${formatCount(entries)})${times}`
}

function columns(hoards: readonly Hoard[]): TableColumn<Hoard>[] {
  const hasMapped = hoards.some(({ released }) => (released.mappedBytes ?? 0) !== 0)
  const indent = (hoard: Hoard): string => (hoard.partOf === null ? '' : `${'  '.repeat(depthOf(hoard, hoards) - 1)}└ `)
  return [
    { title: 'hoard', alignsLeft: true, cell: (hoard) => indent(hoard) + describeHoard(hoard) },
    { title: 'released', cell: ({ released }) => formatBytes(knownBytes(released)) },
    { title: '±', cell: ({ uncertaintyBytes }) => formatBytes(uncertaintyBytes) },
    { title: 'allocator', cell: ({ released }) => formatBytes(released.allocatedBytes) },
    { title: 'JS heap', cell: ({ released }) => formatBytes(released.heapBytes) },
    { title: 'mapped', cell: ({ released }) => (hasMapped ? formatBytes(released.mappedBytes) : '–') },
    { title: 'B/entry', cell: bytesPerEntry },
    { title: '', alignsLeft: true, cell: remark },
  ]
}

function bytesPerEntry({ released, entries, significant }: Hoard): string {
  const bytes = knownBytes(released)
  return significant && entries > 0 && bytes !== null ? formatCount(bytes / entries) : '–'
}

function remark({ significant, uncertaintyBytes, error, partOf, own, released }: Hoard): string {
  return [
    error === undefined ? '' : 'not emptied',
    !significant && uncertaintyBytes !== null ? 'within noise' : '',
    partOf !== null ? 'part of the above' : '',
    knownBytes(own) !== knownBytes(released) ? `${formatBytes(knownBytes(own))} without its parts` : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}

/** Each hoard followed by its parts. */
function inTree(hoards: readonly Hoard[]): Hoard[] {
  const partsOf = (outer: number | null): Hoard[] =>
    hoards.flatMap((hoard, index) => (hoard.partOf === outer ? [hoard, ...partsOf(index)] : []))
  return partsOf(null)
}

function depthOf(hoard: Hoard, hoards: readonly Hoard[]): number {
  let depth = 0
  for (let at: Hoard | undefined = hoard; at?.partOf != null && depth < hoards.length; at = hoards[at.partOf]) depth++
  return depth
}

function registered(recognised: readonly RecognisedCache[]): string[] {
  return recognised.map(
    ({ cache, path, kind, entries, leftBehind }) =>
      `registered  ${printable(path ?? NO_PATH, PATH_LENGTH_MAX)}: ${printable(kind, 40)}(${formatCount(entries)}) is "${printable(cache, 40)}"${leftover(leftBehind)}`,
  )
}

/** What is within the noise is not told. */
function leftover(left: RecognisedCache['leftBehind']): string {
  return left?.significant === true
    ? `; its release leaves ${formatBytes(left.totalBytes ?? left.heapBytes)} behind`
    : ''
}
