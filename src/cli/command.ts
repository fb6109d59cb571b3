/**
 * The parts of a subcommand. To add one: write src/cli/commands/<name>.ts and put it into the table of command-line.ts.
 */

import type { ArgumentRule } from './arguments.js'
import type { Host } from './jemalloc/host.js'

/** The outside of a subcommand. */
export interface CommandContext {
  /** The arguments after the subcommand's name. */
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  /** Writes text: the command's result. What a terminal would obey is escaped, but for the colours of `palette()`. */
  readonly print: (text: string) => void
  /** Writes one line about what is being done, to stderr, with the command's name in front. */
  readonly log: (line: string) => void
  /** Facts about this machine; for tests. @default thisHost() */
  readonly host?: Host | undefined
}

/** How the command ends: with an exit code, or by a signal, as the program that it ran. */
export type Outcome = { readonly code: number } | { readonly signal: NodeJS.Signals }

/** One subcommand. */
export interface Command {
  readonly name: string
  /** One line for the list of subcommands. */
  readonly summary: string
  /** The whole text of `<name> --help`. */
  readonly help: string
  /** Its options, by name. */
  readonly rules: Readonly<Record<string, ArgumentRule>>
  /** The operands that stand beside them: words of its own, a process (or an endpoint), a file (or one of these), a program, or nothing. */
  readonly takes: readonly string[] | 'process' | 'process-or-file' | 'file' | 'program' | 'url' | 'nothing'
  /** Throws a CacheAttributionError for what the user can fix; `ERR_COMMAND_USAGE` ends the process with code 2. */
  run(context: CommandContext): Promise<Outcome>
}
