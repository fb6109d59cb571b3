/**
 * `cache-attribution/bundled`: the native addon as a part of the code, for programs that a bundler puts into one file.
 *
 * `import 'cache-attribution/bundled'`, once, before the rest of the package is used. The addon is written to a private folder of
 * temporary files when it is needed. Where the code is not bundled, the import changes nothing.
 *
 * @module bundled
 */
import { ADDONS } from './bundled-addons.js'
import { carryAddons } from './carried-addon.js'

carryAddons(ADDONS)
