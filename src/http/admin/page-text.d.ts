/** The page as a module, which tools/build-page.mjs writes. */

/** The whole document. */
export declare const PAGE: string
