/** The parts of `src/report/holdings/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { holdingsOf } from '../../../src/report/holdings/holdings.js'
export { treeOfSample } from '../../../src/report/holdings/sample-tree.js'
export { emptyHolding } from '../../../src/report/holdings/tree-parts.js'
export type { Holding, Holdings } from '../../../src/report/holdings/types.js'
