/**
 * The meaning of a report and the next step, in at most three sentences. Pure.
 *
 * Rule: each sentence is true of the report as it stands: what one observation cannot tell (growth, a leak) is said only where a
 * history showed it, figures within the noise are no finding, and what was not measured is not compared. Else there is no line.
 */
import { knownSum } from '../measure/figures.js'
import { formatBytes, formatCount, formatShare, printable, signed } from '../support/units.js'
import { NATIVE_LEAST_BYTES, hasOtherHeaps, namedByGraph } from './discovery/explained.js'
import { describeOwner } from './discovery/format-discovery.js'
import { adviceForOwner } from './discovery/owner-advice.js'
import { holdersOf, measuredRows, quotedCache } from './holders.js'
import type { Holder } from './holders.js'
import { isGrowing } from './trends/format-trends.js'
import type { Trend } from './trends/types.js'
import { formatRate } from './trends/rates.js'
import type { AttributionReport, CacheAttribution } from './types.js'

/** Growth of which one owner has this part is that owner's. */
const EXPLAINED = 0.5
/** A claim that is off by less misleads nobody. */
const CLAIM = { factor: 2, leastBytes: 1024 * 1024 }
/** Pages without live memory below these are every process's. */
const FRAGMENTED = { share: 0.25, bytes: 32 * 1024 * 1024 }

/**
 * The result of a run in a few sentences: the largest holder, whether it grows or its memory is fragmented, and the next step.
 *
 * @returns at most three sentences, without line ends; an empty list where nothing is certain
 * @example
 * console.log(headline(await coordinator.attribute({ discover: 10 })).join('\n'))
 */
export function headline(report: AttributionReport): string[] {
  const holders = holdersOf(report)
  const growth = growthOf(report)
  const middle = growth ?? fragmentation(report)
  const sentences = [
    holders.length === 0 ? nothingStandsOut(report) : holdsMost(holders, report),
    middle,
    nativeWithoutOwner(report, holders[0]) ??
      nextStep(report, holders[0], { isGrowthStated: growth !== null, it: middle === null ? 'it' : 'the largest' }),
  ]
  return sentences.filter((sentence) => sentence !== null)
}

function holdsMost(holders: readonly Holder[], report: AttributionReport): string {
  const [largest] = holders
  if (largest === undefined) return ''
  const alike = holders.filter(
    ({ bytes, uncertaintyBytes }) => largest.bytes - bytes <= Math.hypot(largest.uncertaintyBytes, uncertaintyBytes),
  ).length
  const others = alike - 1
  const facts = `${largest.amount}${shareOf(largest, report)}${claim(largest)}`
  const also =
    others === 0 ? '' : `; ${formatCount(others)} other${others === 1 ? ' holds' : 's hold'} as much within the ±`
  const isAlone = report.discovery?.live == null && comparedRows(report).length === 1
  return `${subjectOf(largest, report)} ${others === 0 && !isAlone ? 'holds most: ' : 'holds '}${facts}${also}.`
}

/** Without owners only the measured caches were compared. */
function subjectOf({ name, row }: Holder, report: AttributionReport): string {
  if (row === null) return name
  const cache = row.instances === undefined || row.instances === 1 ? `The cache ${name}` : capital(name)
  if (report.discovery?.live != null) return cache
  const rows = comparedRows(report)
  const count = rows.reduce((sum, { instances = 1 }) => sum + instances, 0)
  return rows.length === 1 ? cache : `Of ${formatCount(count)} measured caches ${name}`
}

/** Of a group whose caches were all collected meanwhile nothing is left to compare. */
function comparedRows(report: AttributionReport): CacheAttribution[] {
  return measuredRows(report).filter(({ instances = 1 }) => instances > 0)
}

/** Of an owner the graph shows the share; a row is a part of all live memory. */
function shareOf({ bytes, graphBytes }: Holder, report: AttributionReport): string {
  const whole = graphBytes === null ? liveBytes(report) : (report.discovery?.live?.totalBytes ?? 0)
  const part = graphBytes ?? bytes
  // Trims estimate the whole, and a cache may fill between two readings.
  if (whole <= 0 || part > whole) return ''
  return `, ${formatShare(part, whole)} of ${graphBytes === null ? liveName(report) : 'the memory that the heap reaches'}`
}

function claim({ row, bytes }: Holder): string {
  const claimed = row?.claimedBytes ?? 0
  if (claimed <= 0 || Math.abs(bytes - claimed) < CLAIM.leastBytes) return ''
  const factor = bytes / claimed
  return factor < CLAIM.factor && factor > 1 / CLAIM.factor
    ? ''
    : `, ${signed(factor, factor < 1 ? 2 : 1)} × the ${formatBytes(claimed)} that it claims`
}

function nothingStandsOut(report: AttributionReport): string | null {
  const live = `${formatBytes(liveBytes(report))} of ${liveName(report)}`
  const { caches, discovery } = report
  if (discovery?.live != null) {
    return discovery.owners.length > 0
      ? null
      : `No owner stands out in the ${formatBytes(discovery.live.totalBytes)} that the heap reaches.`
  }
  if (caches.length === 0) return `No cache is registered: ${live} is not divided.`
  const measured = comparedRows(report).length
  if (measured > 0) {
    const which =
      measured === 1 ? 'The measured cache holds no' : `None of ${formatCount(measured)} measured caches holds`
    return `${which} more than the noise, of ${live}.`
  }
  return caches.every(({ status }) => status === 'skipped')
    ? `No cache was measured: all ${formatCount(caches.length)} were skipped.`
    : null
}

function rising(name: string, trend: Trend | undefined): { readonly name: string; readonly rate: number }[] {
  return isGrowing(trend) && trend?.slope != null ? [{ name, rate: trend.slope.bytesPerHour }] : []
}

/** The growth that a history shows; null without one, or where nothing grows. */
function growthOf(report: AttributionReport): string | null {
  const { caches, floor, forecast, discovery } = report
  const isWhole = caches.every(({ status }) => status === 'released' || status === 'trimmed')
  const owners = (discovery?.owners ?? []).flatMap((owner) =>
    // Owners of older reports are of another kind, and have none.
    owner.growth === undefined ? [] : rising(describeOwner(owner), owner.growth),
  )
  const rest = rising(isWhole ? 'Memory in no cache' : 'Memory in no measured cache', floor.trend)
  const growing = [
    ...caches.flatMap((row) => rising(quotedCache(row), row.trend)),
    ...owners,
    // An owner is a part of it: where it grows by one, that one is named.
    ...rest.filter(({ rate }) => owners.every((owner) => owner.rate < EXPLAINED * rate)),
  ]
  const most = growing.toSorted((a, b) => b.rate - a.rate)[0]
  if (most === undefined || most.rate <= 0) return null
  const when =
    forecast?.at == null
      ? ''
      : `; at the present rates the limit of ${formatBytes(forecast.limitBytes)} is reached about ${printable(forecast.at, 40)}`
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

/** Where more native memory than anything holds belongs to no JavaScript object, that is what to ask about next. */
function nativeWithoutOwner({ discovery }: AttributionReport, largest: Holder | undefined): string | null {
  if (discovery?.live == null) return null
  const bytes = namedByGraph(discovery.live)?.nativeBytes ?? null
  if (bytes === null || bytes < NATIVE_LEAST_BYTES || bytes <= (largest?.bytes ?? 0)) return null
  const whose = hasOtherHeaps(discovery) ? "owner in this thread's heap" : 'JavaScript owner'
  return `${formatBytes(bytes)} of native memory have no ${whose}: a heap profile shows the code that allocated them (cache-attribution run --profile).`
}

/** The facts that a next step depends on beside the largest; `it` is unmistakable behind the sentence before. */
interface NextStepContext {
  readonly isGrowthStated: boolean
  readonly it: string
}

function nextStep(
  report: AttributionReport,
  largest: Holder | undefined,
  { isGrowthStated: isGrowthTold, it }: NextStepContext,
): string | null {
  const { discovery, mode, caches } = report
  const ofOwner = largest?.owner == null ? null : adviceForOwner(largest.owner, it)
  if (ofOwner !== null) return ofOwner
  if (largest?.row != null && isGrowing(largest.row.trend)) return `Bound ${largest.name} by size or by age.`
  if (discovery === undefined && (largest === undefined || largest.bytes < liveBytes(report) / 2)) {
    const where = mode === 'twin' || caches.length === 0 ? '' : ', in a twin'
    return `Find the owners of the rest with discover()${where}.`
  }
  if (isGrowthTold || hasTrends(report)) return null
  const what = largest === undefined ? 'anything' : it
  return `Several observations show whether ${what} grows: keep a history, or watch it.`
}

function hasTrends({ caches, floor, discovery }: AttributionReport): boolean {
  const trends: (Trend | undefined)[] = [
    floor.trend,
    ...caches.map(({ trend }: CacheAttribution) => trend),
    ...(discovery?.owners ?? []).map(({ growth }) => growth),
  ]
  return trends.some((trend) => trend !== undefined)
}

function liveBytes({ before }: AttributionReport): number {
  return knownSum({ ...before, heapBytes: before.heapUsedBytes })
}

/** Without the allocator's statistics only the heap is known. */
function liveName({ before }: AttributionReport): string {
  return before.allocatedBytes === null ? 'the JS heap' : 'live memory'
}

/** Names of caches are quoted, and those of owners are code: both stay as they are. */
function capital(text: string): string {
  return /^(?:it$|the (?:largest|group))/.test(text) ? `${text.charAt(0).toUpperCase()}${text.slice(1)}` : text
}
