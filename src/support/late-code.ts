/**
 * Code of this package that has not run yet. In the built package a module runs when something of it is first used (tools/package/library.mjs).
 *
 * Rule: before anything is measured or forked, all of it has run: it would be some cache's otherwise, and a twin opens no file.
 */
import { inSlices } from './slices.js'
import type { Steps } from './slices.js'

/** In the built package alone. */
declare const LOAD_LATE_CODE: (() => Steps<undefined>) | undefined

/** Runs the modules that those in use may need, in slices: twenty milliseconds once, nothing later. */
export async function loadLateCode(): Promise<void> {
  if (typeof LOAD_LATE_CODE === 'function') await inSlices(LOAD_LATE_CODE())
}
