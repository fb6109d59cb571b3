/** Code → cure, of the table of errors, put in when the page is built (tools/build-page.mjs), so that the two agree. */
import type { Cures } from '../model/problem.js'

declare const CURES: Cures

/** The advice of the table of errors. */
export const cures: Cures = CURES
