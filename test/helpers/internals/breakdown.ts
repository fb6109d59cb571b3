/** The parts of `src/breakdown/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { classify } from '../../../src/breakdown/classify.js'
export type { MappingContext } from '../../../src/breakdown/classify.js'
export { processFiles, readThreads } from '../../../src/breakdown/kernel.js'
export type { ProcessFiles } from '../../../src/breakdown/kernel.js'
export { cacheBytes, readMapped, unknownAllocator } from '../../../src/breakdown/read.js'
export { SmapsParser } from '../../../src/breakdown/smaps.js'
export type { MappingFlags, MemoryMapping } from '../../../src/breakdown/smaps.js'
