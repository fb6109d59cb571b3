/**
 * `cache-attribution/history`: reports and observations on disk, over restarts, and the trends that they tell.
 *
 * @module history
 */
export { ReportHistory } from './report-history.js'
export { readHistory } from './read-history.js'
export { trendOf, trendsOf } from '../report/trends/trends.js'
export type { HistoryOptions } from './options.js'
export type { ReadOptions } from './read-history.js'
export type {
  AttachableCoordinator,
  HistoryClock,
  HistoryObservation,
  HistoryRecord,
  HistoryWarning,
  Json,
  RecordHead,
} from './types.js'
export type { MemoryUse, TrendKind, TrendsInput } from '../report/trends/trends.js'
export type { Segment, SeriesBasis, TrendInput } from '../report/trends/series.js'
export type {
  FloorTrend,
  Forecast,
  Refill,
  Trend,
  TrendLine,
  TrendSlope,
  TrendVerdict,
  Trends,
} from '../report/trends/types.js'
