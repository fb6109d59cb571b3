/** `cache-attribution completion`: what makes a shell complete this command. */
import { nameHint, quotedArgument, readArguments, usageError } from '../arguments.js'
import type { Command } from '../command.js'
import { bashScript } from '../completion/bash.js'
import { wordsOf } from '../completion/words.js'
import { zshScript } from '../completion/zsh.js'

const HELP = `Usage: cache-attribution completion bash|zsh

Prints a script with which the shell completes subcommands, options, their values, and ids of running Node processes. It
works for a command in PATH (npm install --global, or node_modules/.bin in PATH), not for npx.

  bash  in ~/.bashrc:                 source <(cache-attribution completion bash)
  zsh   in ~/.zshrc, behind compinit: source <(cache-attribution completion zsh)
`

const SHELLS = { bash: bashScript, zsh: zshScript } as const
const NAMES = Object.keys(SHELLS)

/** The subcommand; `commands` are all that there are, itself among them. */
export function completionOf(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    summary: 'print the completion script for bash or zsh',
    help: HELP,
    rules: {},
    takes: NAMES,
    run: ({ args, print }) => {
      const [shell, ...surplus] = readArguments('completion', args, {}).operands
      if (shell === undefined || surplus.length > 0) throw usageError('"completion" takes one shell: bash or zsh')
      if (!Object.hasOwn(SHELLS, shell)) {
        throw usageError(`"completion" knows no shell ${quotedArgument(shell)}: ${nameHint(shell, NAMES)}`)
      }
      print(SHELLS[shell as keyof typeof SHELLS](wordsOf(commands())))
      return Promise.resolve({ code: 0 })
    },
  }
}
