/**
 * The caches of all threads of this process in one report.
 *
 * @packageDocumentation
 */
export { attributeThreads } from './attribute-threads.js'
export { formatThreads } from './format-threads.js'
export type { AttributeThreadsOptions } from './attribute-threads.js'
export type { ThreadsReport } from './types.js'
