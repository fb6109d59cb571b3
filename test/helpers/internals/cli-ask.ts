/** The parts of `src/cli/ask/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { DISCOVER_RULES, discoverQuestion } from '../../../src/cli/ask/discover-question.js'
export { withoutCopy } from '../../../src/cli/ask/open-answerer.js'
