/** The parts of `src/metrics/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { PULLED, RECORDED } from '../../../src/metrics/catalogue.js'
export { instrumentName, unitOf } from '../../../src/metrics/instruments.js'
export { LabelCache, labelOf, largestAndOthers } from '../../../src/metrics/labels.js'
export type { MeteredHistory } from '../../../src/metrics/options.js'
