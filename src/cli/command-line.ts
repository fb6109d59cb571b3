/**
 * From a command line to an outcome: finds the subcommand, runs it, and turns what it throws into one line.
 */
import { palette } from '../report/format-table.js'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import { packageVersion } from '../support/own-package.js'
import { escapeUnprintable, terminalText } from '../support/terminal-text.js'
import { nameHint, quotedArgument, usageError } from './arguments.js'
import type { Command, Outcome } from './command.js'
import { fitHelp } from './fit-help.js'
import { attachCommand } from './commands/attach.js'
import {
  attributeCommand,
  breakdownCommand,
  discoverCommand,
  heapSnapshotCommand,
  histogramCommand,
} from './commands/ask-commands.js'
import { completionOf } from './commands/completion.js'
import { diffCommand } from './commands/diff.js'
import { doctorCommand } from './commands/doctor.js'
import { envCommand } from './commands/env.js'
import { fleetCommand } from './commands/fleet.js'
import { historyCommand } from './commands/history.js'
import { postmortemCommand } from './commands/postmortem.js'
import { profileCommand } from './commands/profile.js'
import { runCommand } from './commands/run.js'
import { watchCommand } from './commands/watch.js'
import type { Host } from './jemalloc/host.js'

/** The subcommands, in the order of the help text. */
export const COMMANDS: readonly Command[] = [
  attachCommand,
  discoverCommand,
  attributeCommand,
  breakdownCommand,
  histogramCommand,
  heapSnapshotCommand,
  profileCommand,
  postmortemCommand,
  fleetCommand,
  runCommand,
  envCommand,
  doctorCommand,
  watchCommand,
  historyCommand,
  diffCommand,
  completionOf(() => COMMANDS),
]

/** The surroundings of a command line. */
export interface CommandLine {
  /** The arguments after the command's own name. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
  /** Facts about this machine; for tests. @default thisHost() */
  readonly host?: Host | undefined
}

/** Name of the command, in front of every line on stderr. */
const COMMAND_NAME = 'cache-attribution'

/** Runs one command line; never rejects. Exit codes: 0 done, 1 failed, 2 not understood, else the program's own. */
export async function runCommandLine(line: CommandLine): Promise<Outcome> {
  const log = (text: string): void => {
    line.stderr(`${COMMAND_NAME}: ${oneLine(text)}\n`)
  }
  try {
    return await dispatch(line, log)
  } catch (error) {
    log(messageOf(error))
    return { code: error instanceof CacheAttributionError && error.code === 'ERR_COMMAND_USAGE' ? 2 : 1 }
  }
}

async function dispatch(line: CommandLine, log: (text: string) => void): Promise<Outcome> {
  const [name, ...args] = line.args
  const print = (text: string): void => {
    line.stdout(terminalText(text))
  }
  const names = COMMANDS.map((command) => command.name)
  if (name === undefined) throw usageError(`a subcommand is missing: ${names.join(', ')} (see --help)`)
  if (name === '--help' || name === '-h' || name === 'help') {
    const topic = COMMANDS.find((command) => command.name === args[0])
    print(fitHelp(topic?.help ?? helpText(), palette().width))
    return { code: 0 }
  }
  if (name === '--version' || name === '-v' || name === '-V') {
    print(`${packageVersion()}\n`)
    return { code: 0 }
  }
  const command = COMMANDS.find((candidate) => candidate.name === name)
  if (command === undefined) throw unknown(name, names)
  const [asked] = command.takes === 'program' ? args : args.filter((argument) => isAboutCommand(argument))
  if (asked === '--help' || asked === '-h') {
    print(fitHelp(command.help, palette().width))
    return { code: 0 }
  }
  if (asked === '--version' || asked === '-v') {
    print(`${packageVersion()}\n`)
    return { code: 0 }
  }
  return command.run({ args, env: line.env, cwd: line.cwd, print, log, host: line.host })
}

/** Wherever it stands: `attach 4711 --help`. Of a program only what stands in front of it is ours. */
function isAboutCommand(argument: string): boolean {
  return /^(?:--help|-h|--version|-v)$/.test(argument)
}

function unknown(name: string, names: readonly string[]): CacheAttributionError {
  if (name.startsWith('-')) {
    return usageError(`there is no option ${quotedArgument(name)}: ${nameHint(name, ['--help', '--version'])}`)
  }
  // The option that is most often forgotten.
  if (/\.[cm]?[jt]sx?$/.test(name))
    return usageError(`there is no subcommand ${quotedArgument(name)}: run a program with "run"`)
  return usageError(`there is no subcommand ${quotedArgument(name)}: ${nameHint(name, names)}`)
}

function helpText(): string {
  const width = Math.max(...COMMANDS.map((command) => command.name.length))
  const list = COMMANDS.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`)
  return `Usage: ${COMMAND_NAME} <subcommand> [options]

Subcommands:
${list.join('\n')}

Options:
  -h, --help     show this text, or after a subcommand its own help
  -v, --version  show the version of this package
`
}

/** One line that commands no terminal: texts may come from a service, from the environment or from other tools. */
function oneLine(text: string): string {
  return escapeUnprintable(text.replace(/\s+/gu, ' ').trim())
}
