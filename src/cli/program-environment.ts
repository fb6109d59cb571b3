/** The environment in which a program runs under jemalloc, or says under what else. */
import { pathToFileURL } from 'node:url'
import { CacheAttributionError } from '../support/errors.js'
import { besideCode } from '../support/own-package.js'
import type { CommandContext } from './command.js'
import { findJemalloc } from './jemalloc/find-jemalloc.js'
import type { Host } from './jemalloc/host.js'
import { withoutJemalloc } from './jemalloc/preload.js'
import { MALLOC_CONF_FILE } from './jemalloc/secure-start.js'

/** Which allocator a program gets. */
export interface AllocatorOptions {
  readonly allocator: 'auto' | 'jemalloc' | 'glibc'
  readonly fetch: boolean
  readonly quiet: boolean
  /** lg_prof_sample, or undefined for jemalloc's own; null: not to be profiled. */
  readonly profile: string | undefined | null
  /** Whether a profile counts what is freed, too. */
  readonly temporary: boolean
}

/** The entry that `--auto` imports: by its URL, since the program's folder need not have this package. */
const AUTO_ENTRY = pathToFileURL(besideCode('auto/index.js')).href

/** The flag of Node that loads `auto`. */
export const AUTO_FLAG = `--import=${AUTO_ENTRY}`

/** The environment of the program: ours, but for LD_PRELOAD. */
export async function programEnvironment(
  { env, cwd, log }: CommandContext,
  { allocator, fetch, profile, temporary, quiet }: AllocatorOptions,
  host: Host,
  signal: AbortSignal,
): Promise<NodeJS.ProcessEnv> {
  if (allocator === 'glibc') {
    if (host.libc !== 'glibc') throw noGlibc()
    return withPreload(env, withoutJemalloc(env['LD_PRELOAD']))
  }
  const say = quiet ? () => undefined : log
  const found = await findJemalloc({ fetch, env, cwd, log: say, signal, host })
  if (found.path !== null) {
    const { version } = found.facts
    const preloaded = withRightCounts(found.preload === undefined ? env : withPreload(env, found.preload), version)
    if (profile === null) return preloaded
    if (host.secureStart !== null) {
      say(
        `no heap profiles by --profile: jemalloc ignores MALLOC_CONF in ${host.execPath}; ${MALLOC_CONF_FILE} sets it`,
      )
    }
    if (found.facts.profiling === false) {
      say(`no heap profiles: ${found.path} was built without its profiler (config.prof is false)`)
    }
    return withProfiling(preloaded, { lgSample: profile, temporary, version })
  }
  if (allocator === 'jemalloc') throw new CacheAttributionError(found.code, `${found.reason}. To fix it: ${found.mend}`)
  const instead = host.libc === 'glibc' ? "glibc's statistics" : "V8's figures alone"
  say(`running without jemalloc, on ${instead}: ${found.reason}. To fix it: ${found.mend}`)
  return env
}

/** The modules that a program loads which another command starts: every Node reads it. */
export function withAuto(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = env['NODE_OPTIONS'] ?? ''
  if (given.includes(AUTO_FLAG)) return env
  return { ...env, NODE_OPTIONS: [...(given === '' ? [] : [given]), AUTO_FLAG].join(' ') }
}

function withPreload(env: NodeJS.ProcessEnv, value: string | undefined): NodeJS.ProcessEnv {
  const changed = { ...env }
  if (value === undefined) Reflect.deleteProperty(changed, 'LD_PRELOAD')
  else changed['LD_PRELOAD'] = value
  return changed
}

/**
 * MALLOC_CONF with what makes profiling possible. What the user set there stays, but for `prof:false` and, where a level
 * is given, the level: of a setting that stands twice jemalloc takes the last.
 */
function withProfiling(
  env: NodeJS.ProcessEnv,
  {
    lgSample,
    temporary,
    version,
  }: { readonly lgSample: string | undefined; readonly temporary: boolean; readonly version: string },
): NodeJS.ProcessEnv {
  const given = env['MALLOC_CONF'] ?? ''
  const isSet = (key: string): boolean => given.split(',').some((pair) => pair.trim().startsWith(`${key}:`))
  const added = [
    'prof:true',
    ...(isSet('prof_active') ? [] : ['prof_active:false']),
    // With it the bytes that sampling adds are known, and taken off; older ones complain of what they do not know.
    ...(isSet('prof_stats') || !isAtLeast(version, 5, 3) ? [] : ['prof_stats:true']),
    ...(temporary ? ['prof_accum:true'] : []),
    ...(lgSample === undefined ? [] : [`lg_prof_sample:${lgSample}`]),
  ]
  return { ...env, MALLOC_CONF: [...(given === '' ? [] : [given]), ...added].join(',') }
}

/** jemalloc 5.0 to 5.2.1 counts blocks of 16 KiB and more in thread caches too small: there it keeps none of them. */
function withRightCounts(env: NodeJS.ProcessEnv, version: string): NodeJS.ProcessEnv {
  const given = env['MALLOC_CONF'] ?? ''
  const miscounts = isAtLeast(version, 5, 0) && !isAtLeast(version, 5, 3)
  if (!miscounts || given.includes('lg_tcache_max:')) return env
  return { ...env, MALLOC_CONF: [...(given === '' ? [] : [given]), 'lg_tcache_max:13'].join(',') }
}

/** Of a jemalloc's version such as `5.3.0-0-g54eaed1`. */
function isAtLeast(version: string, major: number, minor: number): boolean {
  const [, itsMajor, itsMinor] = /^(\d+)\.(\d+)/.exec(version) ?? []
  return Number(itsMajor) > major || (Number(itsMajor) === major && Number(itsMinor) >= minor)
}

function noGlibc(): CacheAttributionError {
  return new CacheAttributionError(
    'ERR_ALLOCATOR_UNAVAILABLE',
    'glibc was asked for, but this Node does not run on glibc (leave --allocator out)',
  )
}
