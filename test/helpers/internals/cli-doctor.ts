/** The parts of `src/cli/doctor/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { examine } from '../../../src/cli/doctor/examine.js'
export type { Examination } from '../../../src/cli/doctor/examine.js'
export { diagnosisText } from '../../../src/cli/doctor/text.js'
