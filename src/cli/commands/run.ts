/** `cache-attribution run`: starts a Node program under jemalloc, or says under what else. */
import inspector from 'node:inspector'
import { CacheAttributionError } from '../../support/errors.js'
import { readArguments, usageError } from '../arguments.js'
import { runProgram, withForwarding } from '../run-program.js'
import type { Command, CommandContext, Outcome } from '../command.js'
import { thisHost } from '../jemalloc/host.js'
import type { Host } from '../jemalloc/host.js'
import { MALLOC_CONF_FILE } from '../jemalloc/secure-start.js'
import { withoutJemalloc } from '../jemalloc/preload.js'
import { findJemalloc } from '../jemalloc/find-jemalloc.js'

type AllocatorChoice = 'auto' | 'jemalloc' | 'glibc'

interface RunOptions {
  readonly allocator: AllocatorChoice
  readonly fetch: boolean
  readonly quiet: boolean
  /** lg_prof_sample, or undefined for jemalloc's own; null: not to be profiled. */
  readonly profile: string | undefined | null
  /** Node's own flags, the script, its arguments. */
  readonly program: readonly string[]
}

const HELP = `Usage: cache-attribution run [options] app.js [arguments…]
       cache-attribution run [options] -- [flags of Node] app.js [arguments…]

Starts a Node program under jemalloc, so that its memory can be attributed. The program gets this terminal, the
environment (with libjemalloc in front of LD_PRELOAD) and the signals; the command ends as the program ends.

Options:
  --allocator auto      jemalloc; where there is none, say so and go on without it (default)
  --allocator jemalloc  jemalloc or nothing
  --allocator glibc     glibc's own malloc and its statistics
  --profile[=N]         make heap profiles possible, off until they are asked for; N: sample every 2^N bytes (default 19)
  --no-fetch            never download: use only a libjemalloc that is on this machine
  --quiet               only errors, no other lines of this command

Environment:
  CACHE_ATTRIBUTION_JEMALLOC  the libjemalloc to use, and no other
`

/** The subcommand. */
export const run: Command = {
  name: 'run',
  summary: 'start a Node program under jemalloc',
  help: HELP,
  run: (context) => {
    const options = readOptions(context.args)
    return withForwarding(async (early, started): Promise<Outcome> => {
      const host = context.host ?? thisHost()
      const env = await programEnvironment(context, options, host, early)
      early.throwIfAborted()
      leaveInspectorPort(env)
      return runProgram(host.execPath, options.program, env, started)
    })
  },
}

function readOptions(args: readonly string[]): RunOptions {
  const { options, rest } = readArguments('run', args, {
    allocator: { kind: 'choice', of: ['auto', 'jemalloc', 'glibc'] },
    profile: { kind: 'level', min: 0, max: 62 },
    'no-fetch': { kind: 'switch' },
    quiet: { kind: 'switch' },
  })
  if (rest.length === 0) throw usageError('"run" needs a program: run app.js, or run -- --flag-of-node app.js')
  const profile = options.get('profile')
  if (profile !== undefined && options.get('allocator') === 'glibc') {
    throw usageError('"--profile" is for jemalloc, whose profiler it is, and --allocator is glibc')
  }
  return {
    profile: profile === undefined ? null : profile === true ? undefined : profile,
    allocator: (options.get('allocator') ?? 'auto') as AllocatorChoice,
    fetch: !options.has('no-fetch'),
    quiet: options.has('quiet'),
    program: rest,
  }
}

/** The environment of the program: ours, but for LD_PRELOAD. */
async function programEnvironment(
  { env, cwd, log }: CommandContext,
  { allocator, fetch, profile, quiet }: RunOptions,
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
    return withProfiling(preloaded, profile, version)
  }
  if (allocator === 'jemalloc')
    throw new CacheAttributionError(found.code, `${found.reason}. To mend it: ${found.mend}`)
  const instead = host.libc === 'glibc' ? "glibc's statistics" : "V8's figures alone"
  say(`running without jemalloc, on ${instead}: ${found.reason}. To mend it: ${found.mend}`)
  return env
}

/** NODE_OPTIONS=--inspect is meant for the program, but this process reads it too and would keep the port. */
function leaveInspectorPort(env: NodeJS.ProcessEnv): void {
  if (env['NODE_OPTIONS']?.includes('--inspect') === true && inspector.url() !== undefined) inspector.close()
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
function withProfiling(env: NodeJS.ProcessEnv, lgSample: string | undefined, version: string): NodeJS.ProcessEnv {
  const given = env['MALLOC_CONF'] ?? ''
  const isSet = (key: string): boolean => given.split(',').some((pair) => pair.trim().startsWith(`${key}:`))
  const added = [
    'prof:true',
    ...(isSet('prof_active') ? [] : ['prof_active:false']),
    // With it the bytes that sampling adds are known, and taken off; older ones complain of what they do not know.
    ...(isSet('prof_stats') || !isAtLeast(version, 5, 3) ? [] : ['prof_stats:true']),
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
