/**
 * `cache-attribution/history`: reports and observations on disk, over restarts, and the trends that they show.
 *
 * @module history
 */
export { ReportHistory } from './report-history.js'
export { readHistory } from './read-history.js'
export { trendOf, trendsOf } from '../report/trends/trends.js'
export type { HistoryOptions } from './options.js'
export type { HistoryRecord, HistoryWarning } from './types.js'
export type { Trend, Trends } from '../report/trends/types.js'
