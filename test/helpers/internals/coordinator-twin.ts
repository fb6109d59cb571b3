/** The parts of `src/coordinator/twin/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { NO_BLAME, blame } from '../../../src/coordinator/twin/blame.js'
export type { BlameDecision, BlameState, EndedPass, TwinFailure } from '../../../src/coordinator/twin/blame.js'
export type { TwinMessage } from '../../../src/coordinator/twin/twin-message.js'
export { TwinRun } from '../../../src/coordinator/twin/twin-run.js'
