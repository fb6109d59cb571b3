/** `cache-attribution run`: starts a Node program under jemalloc, or says under what else. */
import inspector from 'node:inspector'
import { readArguments, usageError } from '../arguments.js'
import type { ArgumentRule } from '../arguments.js'
import { runProgram, withForwarding } from '../run-program.js'
import type { Command, Outcome } from '../command.js'
import { thisHost } from '../jemalloc/host.js'
import { AUTO_OPTIONS, readAuto } from '../auto-options.js'
import type { AutoOptions } from '../auto-options.js'
import { findProgram } from '../find-program.js'
import { AUTO_FLAG, programEnvironment, withAuto } from '../program-environment.js'
import type { AllocatorOptions } from '../program-environment.js'

interface RunOptions extends AllocatorOptions {
  readonly auto: AutoOptions | null
  /** A command, or Node's own flags and the script; its arguments. */
  readonly program: readonly string[]
}

const HELP = `Usage: cache-attribution run [options] app.js [arguments…]
       cache-attribution run [options] -- [flags of Node] app.js [arguments…]
       cache-attribution run [options] COMMAND [arguments…]

Starts a Node program under jemalloc, so that its memory can be attributed. The program gets this terminal, the
environment (with libjemalloc in front of LD_PRELOAD) and the signals; the command ends as the program ends. A COMMAND
is looked up in node_modules/.bin and PATH: run npm start, run tsx server.ts.

Options:
  --allocator auto      jemalloc; if there is none, say so and go on without it (default)
  --allocator jemalloc  jemalloc; if there is none, do not start the program
  --allocator glibc     glibc's own malloc and its statistics
  --profile[=N]         make heap profiles possible, off until they are asked for; N: sample every 2^N bytes (default 19)
  --temporary           with --profile: count native memory that is freed again, too (profile --temporary shows it); jemalloc
                        then keeps each stack that it sampled, so not for profiling that stays on for days
  --auto                load cache-attribution/auto: an endpoint that is found by the process id, and caches that
                        register themselves
  --allow-release       with --auto: caches may be released in the live process, not in twins alone
  --admin WHERE         with --auto: also serve "port", PORT, HOST:PORT or the absolute path of a socket
  --history FOLDER      with --auto: keep reports and observations there
  --black-box FOLDER    implies --auto; record there what "postmortem" shows after the process was killed
  --no-fetch            never download: use only a libjemalloc that is on this machine
  --quiet               only errors, no other lines of this command

Environment:
  CACHE_ATTRIBUTION_JEMALLOC  the libjemalloc to use, and no other
`

const RULES: Readonly<Record<string, ArgumentRule>> = {
  allocator: { kind: 'choice', of: ['auto', 'jemalloc', 'glibc'] },
  profile: { kind: 'level', min: 0, max: 62 },
  temporary: { kind: 'switch' },
  ...AUTO_OPTIONS,
  'no-fetch': { kind: 'switch' },
  quiet: { kind: 'switch' },
}

/** The subcommand. */
export const runCommand: Command = {
  name: 'run',
  summary: 'start a Node program under jemalloc',
  help: HELP,
  rules: RULES,
  takes: 'program',
  run: (context) => {
    const options = readOptions(context.args)
    return withForwarding(async (early, started): Promise<Outcome> => {
      const host = context.host ?? thisHost()
      const env = await programEnvironment(context, options, host, early)
      early.throwIfAborted()
      leaveInspectorPort(env)
      const program = findProgram(options.program, { cwd: context.cwd, env, execPath: host.execPath })
      if (options.auto === null) return runProgram(program.file, program.args, program.env, started)
      const served = { ...program.env, ...options.auto.variables }
      return program.isNode
        ? runProgram(program.file, [AUTO_FLAG, ...program.args], served, started)
        : runProgram(program.file, program.args, withAuto(served), started)
    })
  },
}

function readOptions(args: readonly string[]): RunOptions {
  const { options, operands: rest } = readArguments('run', args, RULES)
  if (rest.length === 0)
    throw usageError('"run" needs a program: run app.js, run npm start, or run -- --flag-of-node app.js')
  const profile = options.get('profile')
  if (profile !== undefined && options.get('allocator') === 'glibc') {
    throw usageError('"--profile" is for jemalloc, whose profiler it is, and --allocator is glibc')
  }
  if (profile === undefined && options.has('temporary')) throw usageError('"--temporary" is for "--profile"')
  return {
    auto: readAuto('run', options),
    profile: profile === undefined ? null : profile === true ? undefined : profile,
    temporary: options.has('temporary'),
    allocator: (options.get('allocator') ?? 'auto') as AllocatorOptions['allocator'],
    fetch: !options.has('no-fetch'),
    quiet: options.has('quiet'),
    program: rest,
  }
}

/** NODE_OPTIONS=--inspect is meant for the program, but this process reads it too and would keep the port. */
function leaveInspectorPort(env: NodeJS.ProcessEnv): void {
  if (env['NODE_OPTIONS']?.includes('--inspect') === true && inspector.url() !== undefined) inspector.close()
}
