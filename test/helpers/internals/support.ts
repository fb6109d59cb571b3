/** The parts of `src/support/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { findAdminSocket, fits, listeningSockets, socketFolders, socketIn } from '../../../src/support/admin-socket.js'
export { groupLimits, memoryLimit } from '../../../src/support/control-groups.js'
export { parseBytes } from '../../../src/support/parse-bytes.js'
export { nodeEnvironment } from '../../../src/support/environment.js'
export type { Collector, Environment, MajorGcState, ProcessFigures } from '../../../src/support/environment.js'
export { codeOf, describe, messageOf, reasonOf } from '../../../src/support/errors.js'
export {
  boolean,
  names,
  nearestName,
  number,
  oneOf,
  optional,
  resolveOptions,
  shaped,
  text,
} from '../../../src/support/options.js'
export type { Check } from '../../../src/support/options.js'
export { packageOf } from '../../../src/support/package-of.js'
export { nameAbove, processTitle } from '../../../src/support/program-name.js'
export { atOnce, inSlices } from '../../../src/support/slices.js'
export type { Steps } from '../../../src/support/slices.js'
export { terminalJson, terminalText } from '../../../src/support/terminal-text.js'
export {
  formatBytes,
  formatCount,
  formatMs,
  formatShare,
  printable,
  signed,
  widthOf,
} from '../../../src/support/units.js'
export { withinTime } from '../../../src/support/within-time.js'
