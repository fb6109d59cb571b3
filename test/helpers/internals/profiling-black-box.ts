/** The parts of `src/profiling/black-box/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { cacheGrowth } from '../../../src/profiling/black-box/cache-growth.js'
export { checksum } from '../../../src/profiling/black-box/checksum.js'
export { lastGrowth } from '../../../src/profiling/black-box/growth-window.js'
export { HEADER_BYTES, encodeHeader, boxLayout } from '../../../src/profiling/black-box/layout.js'
export type { BoxHeader } from '../../../src/profiling/black-box/layout.js'
export { watchedGroup } from '../../../src/profiling/black-box/native-order.js'
export { parseBlackBox, readBlackBox } from '../../../src/profiling/black-box/read-black-box.js'
export { runningCode } from '../../../src/profiling/black-box/running-code.js'
