/** The parts of `src/http/admin/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { adminPage } from '../../../src/http/admin/admin-page.js'
export { openApiDocument } from '../../../src/http/admin/openapi.js'
export type { HistorySource } from '../../../src/http/admin/past-reports.js'
export { profileLinks } from '../../../src/http/admin/profile-links.js'
export { ReportStore, summaryOf } from '../../../src/http/admin/report-store.js'
export { RunTracker } from '../../../src/http/admin/run-tracker.js'
export type { CacheView, ReportSummary, StatusView } from '../../../src/http/admin/types.js'
