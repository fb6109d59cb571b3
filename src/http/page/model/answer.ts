/** The first five seconds: how much of the limit, what grows and how fast, who holds most. In words. */
import { isGrowing } from '../../../report/trends/format-trends.js'
import type { Holding, Holdings } from '../../../report/holdings/types.js'
import { formatBytes, formatShare } from '../../../support/units.js'
import { forecastWords, growthRows, rateWords } from './growth.js'
import { largestHolder } from './memory-table.js'
import { shortName } from './names.js'
import { fastestByReports, growthOfRss } from './row-growth.js'
import type { GrowthSources } from './row-growth.js'
import { formatDuration } from './time.js'

/** One fact of the top. */
export interface Fact {
  readonly title: string
  readonly figure: string
  readonly note: string
  /** Bad news. */
  readonly isAlarm: boolean
}

/** Growth and its rate: by the history, by the runs of this process, or by what the page has read. */
export function growthFact(holdings: Holdings | null, sources: GrowthSources, nowMs: number): Fact {
  const title = 'What grows'
  const { trends } = sources
  const [first] = trends === null ? [] : growthRows(trends)
  const forecast = trends?.forecast == null ? '' : forecastWords(trends.forecast, nowMs)
  if (first?.isAccused === true) {
    return { title, figure: `${shortName(first.name)} ${rateWords(first.trend)}`, note: forecast, isAlarm: true }
  }
  if (trends !== null && isGrowing(trends.floor)) {
    const note = forecast === '' ? 'something leaks: see who holds it' : forecast
    return { title, figure: `memory in no cache ${rateWords(trends.floor)}`, note, isAlarm: true }
  }
  const fastest = holdings === null ? null : fastestByReports(holdings.rows, sources)
  if (fastest !== null) {
    const { row, growth } = fastest
    return { title, figure: `${shortName(row.name)} ${growth.words}`, note: growth.source, isAlarm: false }
  }
  const rss = growthOfRss(sources.readings)
  if (rss === null) {
    const note = `RSS growth is known in about ${formatDuration(GROWTH_AFTER_MS)}; ${holderWords(sources)}`
    return { title, figure: 'not known yet', note, isAlarm: false }
  }
  if (!rss.isGrowing) {
    return { title, figure: 'nothing so far', note: `RSS ${rss.words}, ${rss.source}`, isAlarm: false }
  }
  return { title, figure: `RSS ${rss.words}`, note: `${rss.source}; ${holderWords(sources)}`, isAlarm: false }
}

/** The growth of RSS is known that long after the page was opened: three readings of it. */
const GROWTH_AFTER_MS = 10_000

/** When the growth of each holder will be known. */
function holderWords({ reports }: GrowthSources): string {
  return reports.length < 2
    ? `each holder’s growth is known after ${reports.length === 0 ? 'two runs' : 'a second run'} of “Find out”`
    : 'no holder that two runs measured grew by more than its ±'
}

/** Whether the one button works here, and for this reader. */
export function canFindOut(
  status: {
    readonly twin: { readonly supported: boolean }
    readonly modes: readonly string[]
    readonly role: string
  } | null,
): boolean {
  return status?.twin.supported === true && status.modes.includes('twin') && status.role === 'operator'
}

/** Who holds most, of those that somebody can act on. */
export function largestFact(holdings: Holdings | null, isFindable = true): Fact {
  const title = 'Largest holder'
  const largest = holdings === null ? null : largestHolder(holdings)
  if (holdings === null || largest === null) {
    return {
      title,
      figure: 'not known yet',
      note: isFindable ? '“Find out” measures caches and owners' : '',
      isAlarm: false,
    }
  }
  const note = `${shortName(largest.name)}, ${formatShare(largest.bytes, holdings.rssBytes)} of RSS${claimOf(largest)}`
  return { title, figure: formatBytes(largest.bytes), note, isAlarm: false }
}

/** How full the process is; null where no limit is known. */
export function limitShare(rssBytes: number, limitBytes: number | null): number | null {
  return limitBytes === null || limitBytes <= 0 ? null : Math.min(1, rssBytes / limitBytes)
}

/** Full beyond these shares of the limit. */
const FULL = { high: 0.85, most: 0.95 } as const

/** How a share of the limit is to be taken. */
export function levelOf(share: number): 'fine' | 'high' | 'full' {
  return share >= FULL.most ? 'full' : share >= FULL.high ? 'high' : 'fine'
}

/** Whether somebody should act before anything grows. */
export function isLimitNear(rssBytes: number, limitBytes: number | null): boolean {
  const share = limitShare(rssBytes, limitBytes)
  return share !== null && levelOf(share) !== 'fine'
}

function claimOf({ row }: Holding): string {
  return row?.claimedBytes == null ? '' : `; it claims ${formatBytes(row.claimedBytes)}`
}
