/** The parts of `src/adapters/` that tests take and the package does not export: renaming a file there changes this one alone. */
export type { BetterSqlite3Like } from '../../../src/adapters/better-sqlite3.js'
export { ADAPTER_TABLE } from '../../../src/adapters/catalogue.js'
export type { FlruLike } from '../../../src/adapters/flru.js'
export { chooseKeys } from '../../../src/adapters/keys.js'
export type { MemoizeCacheLike } from '../../../src/adapters/lodash-memoize.js'
export type { MnemonistLruLike } from '../../../src/adapters/mnemonist.js'
export { REFUSALS } from '../../../src/adapters/refusals.js'
export { isNameOfState } from '../../../src/adapters/state.js'
