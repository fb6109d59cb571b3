/** Files of the product that tests start or load by their address: renaming one changes this file alone. */

/**
 * Programs that are started often are those of the package, which start in half the time: tests of them are then tests of what is
 * published. Coverage is that of the sources.
 */
const isCovered = (process.env['NODE_V8_COVERAGE'] ?? '') !== ''
const programFile = (source: string, published: string): URL =>
  new URL(isCovered ? `../../../src/${source}` : `../../../lib/${published}`, import.meta.url)

export const COMMAND_FILE = programFile('cli/main.js', 'cli-main.cjs')
export const AUTO_FILE = programFile('auto/index.js', 'auto.cjs')
/** Those that the sources in this process lead to. */
export const OWN_COMMAND_FILE = new URL('../../../src/cli/main.js', import.meta.url)
export const OWN_AUTO_FILE = new URL('../../../src/auto/index.js', import.meta.url)
export const OPEN_FILE = new URL('../../../src/allocator/open.js', import.meta.url)
export const PROFILING_FILE = new URL('../../../src/profiling/index.js', import.meta.url)
export const CONTROL_GROUPS_FILE = new URL('../../../src/support/control-groups.js', import.meta.url)
export const DEFAULT_FILE = new URL('../../../src/coordinator/default.js', import.meta.url)
export type DefaultModule = typeof import('../../../src/coordinator/default.js')
export const WARM_UP_FILE = new URL('../../../src/measure/warm-up.js', import.meta.url)
export type WarmUpModule = typeof import('../../../src/measure/warm-up.js')
