/** Code → cure, taken out of docs/reference/errors.md when the page is built (tools/build-page.mjs), so that the two agree. */
import type { Cures } from '../model/problem.js'

declare const CURES: Cures

/** What docs/reference/errors.md advises. */
export const cures: Cures = CURES
