/**
 * What a report means and what to do next, in one to three sentences. Pure.
 *
 * Rule: each sentence is true of the report as it stands: what one observation cannot tell (growth, a leak) is said only where a
 * history told it, and figures within the noise are no finding.
 */
import { knownSum } from '../measure/figures.js'
import { figuresOf } from '../measure/sample.js'
import { formatBytes, formatCount, formatShare, printable, signed } from '../support/units.js'
import { describeOwner } from './discovery/format-discovery.js'
import type { Owner } from './discovery/types.js'
import { isGrowing } from './trends/format-trends.js'
import type { Trend } from './trends/types.js'
import { formatRate } from './trends/rates.js'
import type { AttributionReport, CacheAttribution } from './types.js'
import { knownBytes, wholeOf } from './whole.js'

const NAME_LENGTH_MAX = 60
/** A claim that is off by less misleads nobody. */
const CLAIM = { factor: 2, leastBytes: 1024 * 1024 }
/** Pages without live memory below these are every process's. */
const FRAGMENTED = { share: 0.25, bytes: 32 * 1024 * 1024 }

/** Who holds something, and how much. */
interface Holder {
  readonly name: string
  readonly bytes: number
  readonly uncertaintyBytes: number | null
  readonly row: CacheAttribution | null
  /** Of an owner: whose code holds it; null for the application's, and of a cache. */
  readonly package: string | null
}

/**
 * What holds most, whether it grows or lies fragmented, and what to do next.
 *
 * @returns one to three sentences, without line ends
 * @example
 * console.log(headline(await coordinator.attribute({ discover: 10 })).join('\n'))
 */
export function headline(report: AttributionReport): string[] {
  const largest = holdersOf(report)[0]
  const growth = growthOf(report)
  const sentences = [
    largest === undefined ? nothingStandsOut(report) : holdsMost(largest, report),
    growth ?? fragmentation(report),
    nextStep(report, largest, growth !== null),
  ]
  return sentences.filter((sentence) => sentence !== null)
}

/** Caches that were measured beyond the noise, and owners that nobody registered; the largest first. */
function holdersOf(report: AttributionReport): Holder[] {
  const caches = report.caches.flatMap((row): Holder[] => {
    const { bytes, uncertaintyBytes } = wholeOf(row, report.mode)
    const known = knownBytes(bytes)
    if (known === null || known <= 0 || !row.significant) return []
    return [{ name: `The cache ${quoted(row.name)}`, bytes: known, uncertaintyBytes, row, package: null }]
  })
  // Of an owner in another the outer one is told.
  const owners = (report.discovery?.owners ?? []).flatMap((owner): Holder[] =>
    owner.cache === null && owner.partOf === null ? [holderOf(owner)] : [],
  )
  return [...caches, ...owners].toSorted((a, b) => b.bytes - a.bytes)
}

function holderOf(owner: Owner): Holder {
  return {
    name: describeOwner(owner),
    bytes: owner.retained.totalBytes,
    uncertaintyBytes: null,
    row: null,
    package: owner.package,
  }
}

function holdsMost({ name, bytes, uncertaintyBytes, row }: Holder, report: AttributionReport): string {
  const error = uncertaintyBytes === null ? '' : ` ± ${formatBytes(uncertaintyBytes)}`
  // An owner is a part of what the graph of the heap reaches, as the table of owners says; a row is one of all live memory.
  const whole = row === null ? (report.discovery?.live?.totalBytes ?? 0) : liveBytes(report)
  // Trims estimate the whole, and a cache may fill between two readings.
  const share =
    bytes > whole ? '' : `, ${formatShare(bytes, whole)} of ${row === null ? 'what the heap reaches' : 'live memory'}`
  return `${name} holds most: ${formatBytes(bytes)}${error}${share}${claim(row, bytes)}.`
}

function claim(row: CacheAttribution | null, bytes: number): string {
  const claimed = row?.claimedBytes ?? 0
  if (claimed <= 0 || Math.abs(bytes - claimed) < CLAIM.leastBytes) return ''
  const factor = bytes / claimed
  return factor < CLAIM.factor && factor > 1 / CLAIM.factor
    ? ''
    : `, ${signed(factor, 1)} × the ${formatBytes(claimed)} that it claims`
}

function nothingStandsOut(report: AttributionReport): string {
  const live = formatBytes(liveBytes(report))
  const { caches, discovery } = report
  if (discovery !== undefined) return `No owner stands out in ${live} of live memory: it lies in many small pieces.`
  const measured = caches.filter(({ status }) => status !== 'skipped')
  if (caches.length === 0) return `No cache is registered: ${live} of live memory is not told apart.`
  if (measured.length === 0) return `No cache was measured: all ${formatCount(caches.length)} were skipped.`
  return `None of ${formatCount(measured.length)} measured caches holds more than the noise, of ${live} of live memory.`
}

/** What a history tells; null without one, or where nothing grows. */
function growthOf({ caches, floor, forecast, discovery }: AttributionReport): string | null {
  const growing = [
    ...caches.map(({ name, trend }) => ({ name: quoted(name), trend })),
    ...(discovery?.owners ?? []).map((owner) => ({ name: describeOwner(owner), trend: owner.growth })),
    { name: 'what no cache holds', trend: floor.trend },
  ].flatMap(({ name, trend }) =>
    isGrowing(trend) && trend?.slope != null ? [{ name, rate: trend.slope.bytesPerHour }] : [],
  )
  const most = growing.toSorted((a, b) => b.rate - a.rate)[0]
  if (most === undefined) return null
  const when =
    forecast?.at == null
      ? ''
      : `; the limit of ${formatBytes(forecast.limitBytes)} is reached about ${printable(forecast.at, 40)}`
  return `${capital(most.name)} grows by ${formatRate(most.rate).replace(/^\+/, '')}${when}.`
}

/** Of the allocator's pages; what V8 keeps is told by a breakdown. */
function fragmentation({ before }: AttributionReport): string | null {
  const { activeBytes, rawAllocatedBytes } = before
  if (activeBytes == null || rawAllocatedBytes == null) return null
  const lost = activeBytes - rawAllocatedBytes
  if (lost < FRAGMENTED.bytes || lost < FRAGMENTED.share * activeBytes) return null
  return `The allocator is fragmented: ${formatBytes(lost)} (${formatShare(lost, activeBytes)}) of its pages hold no live memory.`
}

function nextStep(report: AttributionReport, largest: Holder | undefined, isTold: boolean): string | null {
  const { caches, discovery, mode } = report
  if (largest?.row === null) return nextStepOfOwner(largest)
  if (largest !== undefined && isGrowing(largest.row.trend)) return 'Bound it by size or by age.'
  const isUnexplained = largest === undefined || largest.bytes < liveBytes(report) / 2
  if (isUnexplained && discovery === undefined) {
    return mode === 'twin' || caches.length === 0
      ? 'Seek the owners of the rest: discover().'
      : 'Seek the owners of the rest: discover(), in a twin.'
  }
  return isTold || hasTrends(report) ? null : 'Whether it grows takes several observations: keep a history, or watch.'
}

/** Nobody bounds what Node or a package holds inside. */
function nextStepOfOwner({ package: from }: Holder): string | null {
  if (from === 'node') return null
  return from === null
    ? 'Bound it, or register it (fromCache()), and every run measures it.'
    : `It is held by the package ${printable(from, NAME_LENGTH_MAX)}: see whether that has a limit for it.`
}

function hasTrends({ caches, floor }: AttributionReport): boolean {
  const trends: (Trend | undefined)[] = [floor.trend, ...caches.map(({ trend }) => trend)]
  return trends.some((trend) => trend !== undefined)
}

function liveBytes({ before }: AttributionReport): number {
  return knownSum(figuresOf(before))
}

function quoted(name: string): string {
  return JSON.stringify(printable(name, NAME_LENGTH_MAX))
}

function capital(text: string): string {
  return text.startsWith('what ') ? `W${text.slice(1)}` : text
}
