/** The parts of `src/history/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { isReport } from '../../../src/history/record-faults.js'
export { SCHEMA_VERSION, parseLine } from '../../../src/history/records.js'
export { SeriesStore } from '../../../src/history/series-store.js'
export type { AttachableCoordinator, HistoryClock } from '../../../src/history/types.js'
export { upgradeRecord, upgradeReport } from '../../../src/history/upgrade.js'
