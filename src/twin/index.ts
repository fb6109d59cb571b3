/**
 * The twin: a copy-on-write child of this process, forked at rest, in which nothing is sacred.
 *
 * @packageDocumentation
 */
export { runInTwin } from './run-in-twin.js'
export type { TwinContext } from './life.js'
export { supportsTwin } from './support.js'
export type { TwinSupport } from './support.js'
export type { TwinCost, TwinOptions } from './types.js'
