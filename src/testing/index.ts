/**
 * Assertions about retained memory for test suites: how many bytes each call leaves behind.
 *
 * @packageDocumentation
 */
export { expectRetained } from './expect-retained.js'
export { retainedBytes } from './retained-bytes.js'
export type { RetainedBytes } from './retained-bytes.js'
export type { RetainedOptions } from './options.js'
