/** The parts of `src/report/trends/` that tests take and the package does not export: renaming a file there changes this one alone. */
export {
  floorTrendLine,
  forecastLine,
  sparkline,
  trendCell,
  trendsText,
} from '../../../src/report/trends/format-trends.js'
export { bucketed } from '../../../src/report/trends/series.js'
export type { Segment, TrendInput } from '../../../src/report/trends/series.js'
export { estimateSlope } from '../../../src/report/trends/theil-sen.js'
export { forecastOf } from '../../../src/report/trends/trends.js'
