/**
 * Tries a library: starts a tiny Node under it and looks whether jemalloc really served its memory.
 *
 * The loader only warns when it cannot preload a library, and goes on without it: wrong architecture, musl against
 * glibc, a corrupt file, a Node with file capabilities. So only jemalloc's own statistics count, which it
 * prints when the process ends; that needs neither the addon nor ffi-napi.
 */
import { execute } from './execute.js'
import type { Execution } from './execute.js'
import type { Host } from './host.js'

/** A library that serves malloc(), by its own report. */
export interface LibraryFacts {
  /** mallctl `version`, e.g. `5.3.0-0-g54eaed1d8b56b1aa528be3bdd1877e59c56fa90c`. */
  readonly version: string
  /** mallctl `config.prof`: whether heap profiling can be switched on; null where an old jemalloc does not say. */
  readonly profiling: boolean | null
}

/** The end of one trial. */
export type Probe =
  { readonly works: true; readonly facts: LibraryFacts } | { readonly works: false; readonly reason: string }

const PROBE_TIMEOUT_MS = 20_000

/** A Node that has started has allocated some megabytes; a jemalloc that was bypassed, a few kilobytes. */
const SERVED_BYTES_MIN = 65_536

/** General facts and merged statistics as JSON; the letters leave the long tables out. */
const PROBE_MALLOC_CONF = 'stats_print:true,stats_print_opts:Jmdablxe'

/** Starts Node with `preload` as its LD_PRELOAD, and reads what jemalloc printed. */
export async function probeLibrary(
  host: Host,
  env: NodeJS.ProcessEnv,
  preload: string | undefined,
  signal?: AbortSignal,
): Promise<Probe> {
  const execution = await execute(host.execPath, ['-e', ''], {
    env: probeEnvironment(env, preload),
    timeoutMs: PROBE_TIMEOUT_MS,
    signal,
  })
  return verdictOf(execution)
}

/** Reads a trial's output. Pure. */
export function verdictOf(execution: Execution): Probe {
  if (!execution.ok) {
    return { works: false, reason: `Node does not run under it (${execution.failure})` }
  }
  const statistics = jsonStatistics(execution.stderr) ?? textStatistics(execution.stderr)
  if (statistics === null) return { works: false, reason: loaderComplaint(execution.stderr) }
  if (Number.isNaN(statistics.allocatedBytes)) {
    return { works: false, reason: 'it was built without statistics (--enable-stats)' }
  }
  if (statistics.allocatedBytes < SERVED_BYTES_MIN) {
    return { works: false, reason: 'it is loaded, but another allocator serves malloc()' }
  }
  return { works: true, facts: { version: statistics.version, profiling: statistics.profiling } }
}

interface Statistics extends LibraryFacts {
  /** NaN: this build keeps none. */
  readonly allocatedBytes: number
}

/**
 * jemalloc ≥ 5.1, with whatever blanks it prints (5.2 indents). Of several, as where two are preloaded, each prints its own at the
 * end: the one that served most is the one that serves malloc().
 */
function jsonStatistics(output: string): Statistics | null {
  const found = [...output.matchAll(/\{\s*"jemalloc"\s*:/g)].flatMap(({ index }) => statisticsAt(output, index) ?? [])
  const served = ({ allocatedBytes }: Statistics): number => (Number.isNaN(allocatedBytes) ? -1 : allocatedBytes)
  return found.reduce<Statistics | null>(
    (most, one) => (most === null || served(one) > served(most) ? one : most),
    null,
  )
}

function statisticsAt(output: string, start: number): Statistics | null {
  try {
    const value = JSON.parse(output.slice(start, endOfObject(output, start))) as { jemalloc?: unknown } | null
    const { version, config, stats } = value?.jemalloc as {
      version?: unknown
      config?: { prof?: unknown }
      stats?: { allocated?: unknown }
    }
    return {
      version: typeof version === 'string' ? version : 'unknown',
      profiling: typeof config?.prof === 'boolean' ? config.prof : null,
      allocatedBytes: typeof stats?.allocated === 'number' ? stats.allocated : NaN,
    }
  } catch {
    return null
  }
}

/** Behind the brace that closes the one at `start`; braces in strings do not count. */
function endOfObject(text: string, start: number): number {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}]/g
  tokens.lastIndex = start
  let depth = 0
  for (let token = tokens.exec(text); token !== null; token = tokens.exec(text)) {
    if (token[0] === '{') depth++
    if (token[0] === '}' && --depth === 0) return tokens.lastIndex
  }
  return text.length
}

/** Before 5.1 there is only text. */
function textStatistics(output: string): Statistics | null {
  if (!output.includes('Begin jemalloc statistics')) return null
  return {
    version: /^Version: (\S+)/m.exec(output)?.[1] ?? 'unknown',
    profiling: null,
    allocatedBytes: Number(/^Allocated: (\d+)/m.exec(output)?.[1] ?? NaN),
  }
}

/** glibc's loader says why in brackets; musl's, and a Node with file capabilities, say nothing. */
function loaderComplaint(output: string): string {
  const complaint = /from LD_PRELOAD cannot be preloaded(?: \(([^)]*)\))?/.exec(output)
  if (complaint !== null) return `the loader cannot preload it${complaint[1] === undefined ? '' : ` (${complaint[1]})`}`
  return 'the loader ignored it, or it is no jemalloc (a Node with file capabilities ignores LD_PRELOAD)'
}

/** Variables that would make the trial slow, or take a port or a file from the program itself, are left out. */
function probeEnvironment(env: NodeJS.ProcessEnv, preload: string | undefined): NodeJS.ProcessEnv {
  const probe: NodeJS.ProcessEnv = { ...env, MALLOC_CONF: PROBE_MALLOC_CONF }
  for (const name of ['NODE_OPTIONS', 'NODE_V8_COVERAGE', 'LD_PRELOAD']) Reflect.deleteProperty(probe, name)
  if (preload !== undefined) probe['LD_PRELOAD'] = preload
  return probe
}
