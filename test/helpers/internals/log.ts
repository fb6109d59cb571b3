/** The parts of `src/log/` that tests take and the package does not export: renaming a file there changes this one alone. */
export type { LogEnvironment } from '../../../src/log/environment.js'
export { growthOf } from '../../../src/log/growth.js'
export { reportLine, sentenceOf, sizesOf } from '../../../src/log/lines.js'
export type { ReportingCoordinator } from '../../../src/log/periodic-reporter.js'
