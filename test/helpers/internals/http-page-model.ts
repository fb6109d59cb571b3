/** The parts of `src/http/page/model/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { growthFact, isLimitNear, largestFact, limitShare } from '../../../src/http/page/model/answer.js'
export { bytesPerEntry, filterRows, joinRows, ratioToClaim, sortRows } from '../../../src/http/page/model/cache-rows.js'
export type { CacheRow, LiveRows } from '../../../src/http/page/model/cache-rows.js'
export { axisRange, chartDataOf } from '../../../src/http/page/model/chart-lines.js'
export {
  bandOf,
  floorWords,
  forecastWords,
  growthRows,
  isRateless,
  ratelessWords,
  reasonWords,
} from '../../../src/http/page/model/growth.js'
export { historyOf } from '../../../src/http/page/model/history.js'
export { splitBreakdown, splitMemory } from '../../../src/http/page/model/memory-split.js'
export { problemOfAnswer, problemOfDocument, problemOfSilence } from '../../../src/http/page/model/problem.js'
export { pointsOf, withReading } from '../../../src/http/page/model/readings.js'
export type { PageReading } from '../../../src/http/page/model/readings.js'
export { fastestByReports, growthOfRow, growthOfRss } from '../../../src/http/page/model/row-growth.js'
export { bodyOf, confirmationOf, targetsOf } from '../../../src/http/page/model/run-request.js'
export type { RunForm } from '../../../src/http/page/model/run-request.js'
export { reportInText } from '../../../src/http/page/model/saved-report.js'
export { placeOn, scaleOf, scaleTo } from '../../../src/http/page/model/scale.js'
export { createEventReader } from '../../../src/http/page/model/server-sent-events.js'
export { formatAge, formatDuration } from '../../../src/http/page/model/time.js'
