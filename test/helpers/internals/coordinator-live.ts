/** The parts of `src/coordinator/live/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { planTrim } from '../../../src/coordinator/live/trim-parts.js'
