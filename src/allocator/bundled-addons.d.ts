/** The prebuilt addons as a module, which tools/build-package.mjs writes. */

/** `linux-x64.glibc` → the file, compressed, as base64. */
export declare const ADDONS: Readonly<Record<string, string>>
