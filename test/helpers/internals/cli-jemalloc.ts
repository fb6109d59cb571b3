/** The parts of `src/cli/jemalloc/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { cacheFolders, fetchedCopy, preparePrivateFolder } from '../../../src/cli/jemalloc/cache-folders.js'
export { listedLibraries, preloadedCandidates, systemCandidates } from '../../../src/cli/jemalloc/candidates.js'
export { distributionOf, installAdvice } from '../../../src/cli/jemalloc/distribution.js'
export type { Execution } from '../../../src/cli/jemalloc/execute.js'
export { debianArchitecture } from '../../../src/cli/jemalloc/fetch.js'
export { findJemalloc } from '../../../src/cli/jemalloc/find-jemalloc.js'
export type { FindJemallocOptions, FoundJemalloc, MissingJemalloc } from '../../../src/cli/jemalloc/find-jemalloc.js'
export { LIBRARY_NAME, libraryFolders, mappedJemalloc, thisHost } from '../../../src/cli/jemalloc/host.js'
export type { Host } from '../../../src/cli/jemalloc/host.js'
export {
  mergePreload,
  preloadEntries,
  preloadedJemalloc,
  unpreloadable,
  withoutJemalloc,
} from '../../../src/cli/jemalloc/preload.js'
export { probeLibrary, verdictOf } from '../../../src/cli/jemalloc/probe.js'
export type { Probe } from '../../../src/cli/jemalloc/probe.js'
export { secureStartAdvice, secureStartOf } from '../../../src/cli/jemalloc/secure-start.js'
