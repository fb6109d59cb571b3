/** `cache-attribution env`: the variables that `run` sets, for places where no command can stand in front. */
import { readArguments, refuseOperands, usageError } from '../arguments.js'
import type { ArgumentRule } from '../arguments.js'
import { AUTO_OPTIONS, readAuto } from '../auto-options.js'
import type { Command } from '../command.js'
import { thisHost } from '../jemalloc/host.js'
import { withoutJemalloc } from '../jemalloc/preload.js'
import { programEnvironment, withAuto } from '../program-environment.js'

const HELP = `Usage: cache-attribution env [options]

Prints the environment variables with which "run" starts a program, for a Dockerfile, a systemd unit, pm2, or a shell:
eval "$(cache-attribution env) npm start".

Options:
  --format shell    VAR=value …, on one line, quoted for a shell (default)
  --format docker   ENV lines of a Dockerfile
  --format systemd  Environment= lines of a unit
  --format pm2      the env of an ecosystem file
  --format dotenv   VAR="value" lines
  --format json     an object
  --profile[=N]     make heap profiles possible, as "run --profile" does
  --temporary       with --profile, as for "run"
  --auto            load cache-attribution/auto
  --allow-release, --admin WHERE, --history FOLDER, --black-box FOLDER  with --auto, as for "run"
  --no-fetch        never download: use only a libjemalloc that is on this machine
`

const FORMATS = ['shell', 'docker', 'systemd', 'pm2', 'dotenv', 'json'] as const
type Format = (typeof FORMATS)[number]
type Variables = readonly (readonly [string, string])[]

const RULES: Readonly<Record<string, ArgumentRule>> = {
  format: { kind: 'choice', of: FORMATS },
  profile: { kind: 'level', min: 0, max: 62 },
  temporary: { kind: 'switch' },
  ...AUTO_OPTIONS,
  'no-fetch': { kind: 'switch' },
}

/** The subcommand. */
export const envCommand: Command = {
  name: 'env',
  summary: 'print the variables that "run" sets, for Dockerfiles, systemd and pm2',
  help: HELP,
  rules: RULES,
  takes: 'nothing',
  run: async (context) => {
    const { options, operands: rest } = readArguments('env', context.args, RULES)
    refuseOperands('env', rest)
    const auto = readAuto('env', options)
    const profile = options.get('profile')
    if (profile === undefined && options.has('temporary')) throw usageError('"--temporary" is for "--profile"')
    // Of the shell that asks only what is its own business: the library is told anew.
    const bare = { ...context.env, LD_PRELOAD: withoutJemalloc(context.env['LD_PRELOAD']) }
    const found = await programEnvironment(
      { ...context, env: bare },
      {
        allocator: 'jemalloc',
        fetch: !options.has('no-fetch'),
        quiet: false,
        profile: profile === undefined ? null : profile === true ? undefined : profile,
        temporary: options.has('temporary'),
      },
      context.host ?? thisHost(),
      new AbortController().signal,
    )
    const all = auto === null ? found : withAuto({ ...found, ...auto.variables })
    const names = [
      'LD_PRELOAD',
      'MALLOC_CONF',
      ...(auto === null ? [] : ['NODE_OPTIONS', ...Object.keys(auto.variables)]),
    ]
    const variables = names.flatMap((name): Variables => {
      const value = all[name]
      return value === undefined ? [] : [[name, value]]
    })
    const [line] = variables.filter(([, value]) => /[\r\n\0]/.test(value))
    if (line !== undefined)
      throw usageError(`the value of ${line[0]} has a line end, which none of the formats can hold`)
    context.print(FORMATTERS[(options.get('format') ?? 'shell') as Format](variables))
    return { code: 0 }
  },
}

const FORMATTERS: Readonly<Record<Format, (variables: Variables) => string>> = {
  shell: (variables) => `${variables.map(([name, value]) => `${name}=${forShell(value)}`).join(' ')}\n`,
  // "$" begins a variable in both; a backslash escapes.
  docker: (variables) => lines(variables, (name, value) => `ENV ${name}="${value.replace(/["\\$]/g, '\\$&')}"`),
  systemd: (variables) =>
    lines(variables, (name, value) => `Environment="${name}=${value.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`),
  pm2: (variables) => `env: ${JSON.stringify(Object.fromEntries(variables), null, 2)},\n`,
  dotenv: (variables) => lines(variables, (name, value) => `${name}="${value}"`),
  json: (variables) => `${JSON.stringify(Object.fromEntries(variables), null, 2)}\n`,
}

function lines(variables: Variables, line: (name: string, value: string) => string): string {
  return variables.map(([name, value]) => `${line(name, value)}\n`).join('')
}

/** As it is where a shell takes nothing in it for its own. */
function forShell(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`
}
