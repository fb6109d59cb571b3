/** The report as a terminal shows it. Pure, but it asks whether that terminal wants colours. */
import { knownSum } from '../measure/figures.js'
import { figuresOf } from '../measure/sample.js'
import type { MemorySample } from '../measure/sample.js'
import { boolean, optional, resolveOptions } from '../support/options.js'
import { formatBytes, formatCount, formatMs, formatShare, printable, signed } from '../support/units.js'
import { besideOwners, formatBreakdown } from './breakdown/format-breakdown.js'
import { discoveryText } from './discovery/format-discovery.js'
import { residualLines, sampledLines } from './residual/format-residual.js'
import { heldByNone } from './held-by-none.js'
import { fitLines } from './fit-lines.js'
import { WIDTH_RULE, formatTable, palette } from './format-table.js'
import { headline } from './headline.js'
import type { Palette, TableColumn } from './format-table.js'
import { floorTrendLine, forecastLine, trendCell } from './trends/format-trends.js'
import type { AttributionReport, CacheAttribution, ReportTwin, ReportWarning } from './types.js'
import { knownBytes, wholeOf } from './whole.js'
import type { Whole } from './whole.js'

/** How {@link formatReport} writes. */
export interface FormatOptions {
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

const NAME_WIDTH_MAX = 40
const WARNING_LENGTH_MAX = 300
/** These end with what mends them, and quote paths: they are not cut off. */
const WHOLE_WARNINGS: ReadonlySet<string> = new Set(['WARN_ALLOCATOR_UNAVAILABLE', 'WARN_BOUND_MISCOUNTS'])

/**
 * The headline, then a table of the caches by bytes, then noise, unattributed, floor and fragmentation, then the warnings.
 *
 * @returns several lines, without a newline at the end
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`
 * @example
 * console.log(formatReport(await coordinator.attribute()))
 */
export function formatReport(report: AttributionReport, options?: FormatOptions): string {
  const { color, width } = resolveOptions('formatReport()', options, { color: optional(boolean), width: WIDTH_RULE })
  const paints = palette(color, width)
  const sentences = headline(report).map(paints.strong)
  return [
    ...fitLines(sentences, paints.width),
    ...(sentences.length === 0 ? [] : ['']),
    ...reportLines(report, paints),
  ].join('\n')
}

/** The same without the headline. */
export function reportLines(report: AttributionReport, paints: Palette): string[] {
  const size = (row: CacheAttribution): number => sortBytes(row, report)
  const rows = report.caches.toSorted((a, b) => size(b) - size(a))
  const lines = [
    titleLine(report, paints),
    '',
    ...table(report, rows, paints),
    '',
    ...summary(report),
    ...problems(rows).map((line) => paints.bad(line)),
    ...report.warnings.map((warning) => paints.dim(warningLine(warning))),
  ]
  return [
    ...fitLines(lines, paints.width),
    ...(report.breakdown == null
      ? []
      : [
          '',
          formatBreakdown(besideOwners(report.breakdown, report.discovery?.owners), {
            color: paints.isColored,
            width: paints.width,
          }),
        ]),
    ...(report.residual === undefined ? [] : ['', ...residualLines(report.residual, paints)]),
    ...below(sampledLines(report, paints)),
    ...(report.discovery === undefined ? [] : ['', discoveryText(report.discovery, paints, report.floor)]),
  ]
}

/** After an empty line, where there are any. */
function below(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines]
}

function warningLine({ code, message }: ReportWarning): string {
  const length = WHOLE_WARNINGS.has(code) ? Infinity : WARNING_LENGTH_MAX
  return `${printable(code, 60)}: ${printable(message, length)}`
}

function titleLine(report: AttributionReport, { strong, dim }: Palette): string {
  const { allocator, pid, nodeVersion } = report.process
  const source =
    allocator.version === null ? allocator.name : `${allocator.name} ${allocator.version.split('-', 1)[0] ?? ''}`
  const title = strong(
    `Memory by cache, measured ${report.twin === undefined ? `by ${printable(report.mode, 20)}` : 'in a twin'}`,
  )
  return `${title} ${dim(`(pid ${printable(pid, 20)}, Node ${printable(nodeVersion, 40)}, ${printable(source, 60)}, ${printable(report.startedAt, 40)}, took ${formatMs(report.durationMs)})`)}`
}

/** Bytes that a row is sorted by: its total, or the heap where the allocator reports nothing; skipped ones last. */
function sortBytes(row: CacheAttribution, { mode }: AttributionReport): number {
  return row.status === 'skipped' ? -Infinity : (knownBytes(wholeOf(row, mode).bytes) ?? -Infinity)
}

function columns(report: AttributionReport): TableColumn<CacheAttribution>[] {
  const whole = liveBytes(report.before)
  const ofWhole = (row: CacheAttribution): Whole => wholeOf(row, report.mode)
  const known = (row: CacheAttribution): number | null => knownBytes(ofWhole(row).bytes)
  /** Null where it may be nothing: a row whose parts are known need not have a known sum. */
  const beyondError = (row: CacheAttribution): number | null => {
    const bytes = known(row)
    return bytes !== null && row.significant && Math.abs(bytes) > (ofWhole(row).uncertaintyBytes ?? 0) ? bytes : null
  }
  const isTrim = report.mode === 'trim'
  const isMapped = hasMapped(report)
  const gone = ({ entriesBefore, entriesAfter, estimated }: CacheAttribution): number =>
    entriesBefore === null ? 0 : entriesBefore - (estimated === undefined ? (entriesAfter ?? 0) : 0)
  return [
    { title: 'cache', alignsLeft: true, cell: (row) => nameOf(row) },
    {
      title: isTrim ? 'estimated' : 'released',
      cell: (row) => (row.status === 'skipped' ? 'skipped' : formatBytes(known(row))),
    },
    { title: '±', cell: (row) => formatBytes(ofWhole(row).uncertaintyBytes) },
    { title: 'RSS falls by', cell: ({ returned }) => (returned == null ? '–' : formatBytes(returned.residentBytes)) },
    { title: 'share', cell: (row) => (known(row) === null ? '–' : formatShare(known(row) ?? 0, whole)) },
    { title: 'allocator', cell: (row) => formatBytes(ofWhole(row).bytes.allocatedBytes) },
    { title: 'JS heap', cell: (row) => formatBytes(ofWhole(row).bytes.heapBytes) },
    {
      title: 'mapped',
      cell: (row) => (isMapped ? formatBytes(ofWhole(row).bytes.mappedBytes ?? null) : '–'),
    },
    { title: 'dropped', cell: ({ released }) => (isTrim ? formatBytes(knownBytes(released)) : '–') },
    { title: 'entries', cell: ({ entriesBefore }) => formatCount(entriesBefore) },
    {
      title: 'B/entry',
      cell: (row) => {
        const bytes = beyondError(row)
        return bytes !== null && gone(row) > 0 ? formatCount(bytes / gone(row)) : '–'
      },
    },
    { title: 'claimed', cell: ({ claimedBytes }) => formatBytes(claimedBytes) },
    {
      title: 'measured/claimed',
      cell: (row) => {
        const [bytes, claimed] = [beyondError(row), row.claimedBytes ?? 0]
        return bytes !== null && claimed > 0 ? `${signed(bytes / claimed, 2)} ×` : '–'
      },
    },
    {
      title: 'pause',
      // In a twin a window pauses nobody.
      cell: ({ pauseMs, status }) => (status === 'skipped' || report.twin !== undefined ? '–' : formatMs(pauseMs)),
    },
    { title: 'trend', cell: ({ trend }) => trendCell(trend) },
    { title: '', alignsLeft: true, cell: remark },
  ]
}

/** With the number of caches where it stands for several. */
function nameOf({ name, instances = 1 }: CacheAttribution): string {
  const number = instances === 1 ? '' : ` ×${formatCount(instances)}`
  return `${printable(name, NAME_WIDTH_MAX - number.length)}${number}`
}

function remark({ significant, status, window, settled, late, uncertaintyBytes }: CacheAttribution): string {
  return [
    status === 'failed' || status === 'timed-out' ? status : '',
    status !== 'skipped' && !significant && uncertaintyBytes !== null ? 'within noise' : '',
    window === 'drift-corrected' ? 'drift-corrected' : '',
    settled === false ? 'not settled' : '',
    late === undefined ? '' : `${formatBytes(knownBytes(late))} of it late`,
  ]
    .filter((part) => part !== '')
    .join(', ')
}

function table(report: AttributionReport, rows: readonly CacheAttribution[], paints: Palette): string[] {
  const { dim, bad } = paints
  if (rows.length === 0) return ['no caches were released']
  return formatTable(columns(report), rows, paints, ({ status, significant }) => {
    if (status === 'failed' || status === 'timed-out') return bad
    return significant ? (text) => text : dim
  })
}

function summary(report: AttributionReport): string[] {
  const { mode, noise, unattributed, floor, forecast, before, pauses, twin } = report
  const error =
    noise.controls === 0 ? 'no controls: the error bars are unknown' : `${formatCount(noise.controls)} null releases`
  const grew = knownSum(unattributed) < 0
  const mapped = (bytes: number | null, isError = false): string =>
    hasMapped(report) ? `, ${isError ? '± ' : ''}${formatBytes(bytes)} mapped` : ''
  const why =
    twin !== undefined
      ? 'caches without a row; with several twins, the difference between their orders'
      : grew
        ? 'growth during the run: released caches fill again, other work'
        : 'other work during the run'
  return [
    `noise         ± ${formatBytes(noise.allocatedBytes)} allocator, ± ${formatBytes(noise.heapBytes)} JS heap${mapped(noise.mappedBytes, true)} (${error})`,
    `unattributed  ${formatBytes(unattributed.allocatedBytes)} allocator, ${formatBytes(unattributed.heapBytes)} JS heap${mapped(unattributed.mappedBytes)} (${why})`,
    `floor         ${formatBytes(floor.allocatedBytes)} allocator, ${formatBytes(floor.heapBytes)} JS heap${mapped(floor.mappedBytes)} ${heldByNone(report)}${mode === 'trim' ? ' (estimated)' : ''}, of ${ofBefore(report)}`,
    ...toldLines(report),
    ...workerLine(report.workers),
    ...(floor.trend === undefined ? [] : [`floor trend   ${floorTrendLine(floor.trend)}`]),
    ...(forecast === undefined ? [] : [`forecast      ${forecastLine(forecast)}`]),
    `process       ${residency(before)}`,
    `pauses        ${formatCount(pauses.count)}, longest ${formatMs(pauses.longestMs)}, ${formatMs(pauses.totalMs)} in all`,
    ...(twin === undefined ? [] : [twinLine(twin)]),
  ]
}

function ofBefore({ before }: AttributionReport): string {
  const figures = [before.allocatedBytes, before.heapUsedBytes, ...(hasMapped({ before }) ? [before.mappedBytes] : [])]
  return figures.map(formatBytes).join(figures.length > 2 ? ', ' : ' and ')
}

/** Most services map nothing of the kind: figures of nothing would only stand in the way. */
function hasMapped({ before, caches = [] }: Pick<AttributionReport, 'before'> & Partial<AttributionReport>): boolean {
  return (before.mappedBytes ?? 0) > 0 || caches.some(({ released }) => (released.mappedBytes ?? 0) !== 0)
}

function twinLine({ twins, childMs, copiedBytes, attempts }: ReportTwin): string {
  const retries = attempts > twins ? `, ${formatCount(attempts)} forked` : ''
  const copied = copiedBytes === null ? '' : `, with ${formatBytes(copiedBytes)} of its own at most`
  return `twin          ${formatCount(twins)}${retries}, ${formatMs(childMs)} beside the process, which keeps every entry${copied}`
}

/** Live, freed but in thread caches, lost to fragmentation, kept pages: from allocated to RSS. */
function residency(sample: MemorySample): string {
  const { allocatedBytes, rawAllocatedBytes, tcacheBytes, activeBytes, residentBytes, retainedBytes, rssBytes } = sample
  const parts = [`live ${formatBytes(allocatedBytes)}`]
  if (tcacheBytes !== null) parts.push(`tcache ${formatBytes(tcacheBytes)}`)
  if (activeBytes !== null && rawAllocatedBytes !== null) {
    const lost = Math.max(0, activeBytes - rawAllocatedBytes)
    parts.push(`active ${formatBytes(activeBytes)} (fragmentation ${formatShare(lost, activeBytes)})`)
  }
  if (residentBytes !== null) parts.push(`resident ${formatBytes(residentBytes)}`)
  if (retainedBytes !== null) parts.push(`retained ${formatBytes(retainedBytes)}`)
  return [...parts, `RSS ${formatBytes(rssBytes)}`].join(', ')
}

function problems(rows: readonly CacheAttribution[]): string[] {
  return rows.flatMap(({ name, status, error }) =>
    error === undefined
      ? []
      : [
          `${printable(name, NAME_WIDTH_MAX)} ${printable(status, 20)}: ${printable(error.code, 60)}: ${printable(error.message, 300)}`,
        ],
  )
}

function liveBytes(sample: MemorySample): number {
  return knownSum(figuresOf(sample))
}

function toldLines({ caches }: AttributionReport): string[] {
  return caches.flatMap(({ name, told }) =>
    told === undefined
      ? []
      : [
          `told          ${printable(name, 40)}: ${formatBytes(told.bytes)} by ${printable(told.source, 120)}; not measured, part of the floor`,
        ],
  )
}

/** Other threads' reports of their heaps: no part of any row. */
function workerLine(workers: AttributionReport['workers']): string[] {
  if (workers === undefined || workers.length === 0) return []
  const used = workers.flatMap(({ usedBytes }) => usedBytes ?? [])
  const threads = `${String(workers.length)} worker thread${workers.length === 1 ? '' : 's'}`
  const bytes = used.reduce((sum, each) => sum + each, 0)
  const silent = used.length === workers.length ? '' : `, ${String(workers.length - used.length)} did not answer`
  const heaps =
    used.length === 0 ? 'heaps are not known' : `${formatBytes(bytes)} JS heap, as the threads report${silent}`
  return [`workers       ${threads}: ${heaps}; in no row, and not in the floor's JS heap`]
}
