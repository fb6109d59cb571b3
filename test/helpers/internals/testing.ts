/** The parts of `src/testing/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { decide } from '../../../src/testing/expect-retained.js'

export { isSteady, perCall, verdictOn } from '../../../src/testing/per-call.js'
export type { Round } from '../../../src/testing/rounds.js'
