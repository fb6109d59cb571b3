/** The parts of `src/profiling/javascript-stacks/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { forgetNames } from '../../../src/profiling/javascript-stacks/forget-names.js'
