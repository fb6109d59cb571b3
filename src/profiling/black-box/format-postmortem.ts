/** A postmortem as text: the sentences, a picture of each series, a table over time, what ran, what happened. Pure. */
import path from 'node:path'
import { fitLines } from '../../report/fit-lines.js'
import { formatTable } from '../../report/format-table.js'
import type { Palette } from '../../report/format-table.js'
import { headline as reportHeadline } from '../../report/headline.js'
import type { AttributionReport } from '../../report/types.js'
import { sparkline } from '../../report/trends/format-trends.js'
import { isObject } from '../../support/is-object.js'
import { formatBytes, formatCount, formatMs, formatShare, printable } from '../../support/units.js'
import type { CacheGrowth } from './cache-growth.js'
import type { Postmortem } from './types.js'
import { functionPlace } from './postmortem-headline.js'
import type { BoxTick } from './records.js'
import { timeRows } from './time-rows.js'
import type { TimeRow } from './time-rows.js'

const PICTURE_WIDTH = 40
const CACHES_SHOWN = 10
const FUNCTIONS_SHOWN = 5
const EVENTS_SHOWN = 20
const TEXT_LENGTH = 300
const HEAP_FRESH_MS = 2000

/** Lines of at most `paints.width` columns. */
export function formatPostmortem(found: Postmortem, paints: Palette): string[] {
  const { strong } = paints
  const lines = [
    ...found.headline.map((sentence) => strong(sentence)),
    '',
    ...facts(found),
    ...pictures(found),
    ...section('over time', overTime(found, paints)),
    ...section('caches', caches(found, paints)),
    ...section('what ran', ran(found)),
    ...section('what happened', happened(found)),
    ...section('latest report', report(found)),
    ...section('latest heap profile', profile(found)),
  ]
  return fitLines(lines, paints.width)
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines]
}

function facts({ process, file, isCutShort }: Postmortem): string[] {
  const { node, program, openedAt, allocator, intervalMs } = process
  return [
    `program    ${printable(program, TEXT_LENGTH)}, Node ${printable(node, 40)}, ${printable(allocator, 40)}`,
    `recorded   since ${printable(openedAt, 40)}, every ${formatMs(intervalMs)}, in ${printable(path.resolve(file), TEXT_LENGTH)}`,
    ...(isCutShort ? ['the file was cut short: a part of the records is missing'] : []),
  ]
}

const SERIES = [
  { title: 'resident', bytes: (tick: BoxTick) => tick.rssBytes },
  { title: 'V8 heap', bytes: (tick: BoxTick) => tick.heapTotalBytes },
  { title: 'allocator', bytes: (tick: BoxTick) => tick.allocatedBytes },
] as const

function pictures({ growth, ticks, slowTicks }: Postmortem): string[] {
  const isSlow = growth !== null && Date.parse(growth.from) + 1000 < (ticks[0]?.wallMs ?? 0)
  const shown = isSlow ? slowTicks : ticks
  const lines = SERIES.flatMap(({ title, bytes }) => {
    const points = shown.flatMap((tick) => {
      const level = bytes(tick)
      return level === null ? [] : [{ hours: tick.monoMs / 3_600_000, bytes: level }]
    })
    const [first, last] = [points[0], points.at(-1)]
    if (first === undefined || last === undefined || points.length < 2) return []
    return [
      `${title.padEnd(10)} ${sparkline(points, PICTURE_WIDTH)} ${formatBytes(first.bytes)} → ${formatBytes(last.bytes)}`,
    ]
  })
  return lines.length === 0 ? [] : ['', ...lines]
}

function overTime(found: Postmortem, paints: Palette): string[] {
  const rows = timeRows(found)
  return rows.length === 0 ? [] : formatTable(COLUMNS, rows, paints, () => (text) => text)
}

const COLUMNS = [
  { title: 'before the end', cell: ({ beforeEndMs }: TimeRow) => formatMs(beforeEndMs) },
  { title: 'resident', cell: ({ tick }: TimeRow) => formatBytes(tick.rssBytes) },
  { title: 'of limit', cell: ({ tick }: TimeRow) => ofLimit(tick) },
  { title: 'V8 heap', cell: ({ tick }: TimeRow) => formatBytes(isHeapFresh(tick) ? tick.heapTotalBytes : null) },
  { title: 'allocator', cell: ({ tick }: TimeRow) => formatBytes(tick.allocatedBytes) },
  { title: 'processor', cell: ({ cpuShare }: TimeRow) => (cpuShare === null ? '–' : formatShare(cpuShare, 1)) },
  { title: 'collecting', cell: ({ gcShare }: TimeRow) => (gcShare === null ? '–' : formatShare(gcShare, 1)) },
  {
    title: 'loop turned',
    cell: ({ tick }: TimeRow) => (tick.sinceLoopMs === null ? '–' : `${formatMs(tick.sinceLoopMs)} ago`),
  },
  {
    title: 'pressure',
    cell: ({ tick }: TimeRow) => (tick.pressureSome === null ? '–' : `${tick.pressureSome.toFixed(1)} %`),
  },
]

/** V8 was asked at its last collection, or at the last turn of the loop. */
function isHeapFresh({ monoMs, heapAtMs }: BoxTick): boolean {
  return heapAtMs !== null && monoMs - heapAtMs <= HEAP_FRESH_MS
}

function ofLimit({ limitBytes, workingSetBytes, usageBytes }: BoxTick): string {
  const used = workingSetBytes ?? usageBytes
  return limitBytes === null || used === null ? '–' : formatShare(used, limitBytes)
}

function caches({ caches: found }: Postmortem, paints: Palette): string[] {
  return found.length === 0
    ? []
    : formatTable(CACHE_COLUMNS, found.slice(0, CACHES_SHOWN), paints, () => (text) => text)
}

const CACHE_COLUMNS = [
  { title: 'cache', alignsLeft: true, cell: ({ name }: CacheGrowth) => printable(name, 60) },
  { title: 'entries', cell: ({ entries }: CacheGrowth) => change(entries, formatCount) },
  { title: 'claimed', cell: ({ claimedBytes }: CacheGrowth) => change(claimedBytes, formatBytes) },
  { title: 'estimated', cell: ({ estimatedBytes }: CacheGrowth) => change(estimatedBytes, formatBytes) },
  { title: 'asked', cell: ({ ageMs }: CacheGrowth) => `${formatMs(Math.max(0, ageMs))} before` },
]

function change(
  { from, to }: { readonly from: number | null; readonly to: number | null },
  format: (value: number | null) => string,
): string {
  if (to === null) return '–'
  return from === null || from === to ? format(to) : `${format(from)} → ${format(to)}`
}

function ran({ ran: { samples, innermost, last }, process }: Postmortem): string[] {
  if (samples === 0) return process.noStacks === null ? [] : [printable(process.noStacks, TEXT_LENGTH)]
  return [
    ...innermost
      .slice(0, FUNCTIONS_SHOWN)
      .map((each) => `  ${formatShare(each.samples, samples).padStart(7)}  ${functionPlace(each)}`),
    `  newest stack: ${last.map((frame) => functionPlace({ ...frame, function: frame.function || '(anonymous)' })).join(' ‹ ')}`,
  ]
}

const WORDS: Readonly<Record<string, string>> = {
  'near-limit': 'memory came near its limit',
  'heap-limit': "V8's heap came up to its limit",
  dump: 'a heap profile was written',
  'no-dump': 'no heap profile: not enough room is left',
  histogram: 'the class histogram of a twin was written',
  'no-histogram': 'no class histogram',
  away: 'memory is away from its limit again',
  pressure: 'the kernel said that processes wait for memory',
}

function happened({ events }: Postmortem): string[] {
  return events.slice(-EVENTS_SHOWN).map(({ at, kind, first, second, text }) => {
    const level = kind.endsWith('limit') || kind === 'away' ? levels(first, second) : ''
    const more = text === '' ? level : `: ${printable(text, TEXT_LENGTH)}`
    return `  ${at}  ${WORDS[kind] ?? kind}${more}`
  })
}

function levels(first: number | null, second: number | null): string {
  if (first === null) return ''
  return second === null ? ` (${formatBytes(first)})` : ` (${formatBytes(first)} of ${formatBytes(second)})`
}

/** A report that was crafted, or is of another version, is not explained. */
function report({ report: found, last }: Postmortem): string[] {
  if (found === null) return []
  const { content } = found
  const time = timeOf(found.at, last)
  try {
    if (!isObject(content)) return [time]
    const sentences = reportHeadline(content as AttributionReport)
    return [`${time}: ${sentences.map((sentence) => printable(sentence, TEXT_LENGTH)).join(' ')}`]
  } catch {
    return [time]
  }
}

function profile({ profile: found, last }: Postmortem): string[] {
  if (found === null) return []
  return [`${timeOf(found.at, last)}, ${formatBytes(found.bytes)} compressed: -o FILE writes it`]
}

/** How near it is to the end. */
function timeOf(at: string, last: BoxTick | null): string {
  const beforeMs = last === null ? NaN : last.wallMs - Date.parse(at)
  return `  of ${at}${beforeMs >= 0 ? `, ${formatMs(beforeMs)} before the end` : ''}`
}
