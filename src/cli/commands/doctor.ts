/** `cache-attribution doctor`: what measuring needs, what of it is there, and the command that fixes each gap. */
import { palette } from '../../report/format-table.js'
import { terminalJson } from '../../support/terminal-text.js'
import { readArguments, refuseOperands } from '../arguments.js'
import type { Command } from '../command.js'
import { examine } from '../doctor/examine.js'
import { diagnosisText } from '../doctor/text.js'

const HELP = `Usage: cache-attribution doctor [--json] [--fetch]

Checks everything that measuring needs, and shows for each missing thing the command that fixes it.
Exit code 0: "cache-attribution run" can measure with jemalloc. 1: it cannot.

Options:
  --json   the same as JSON
  --fetch  fetch a missing libjemalloc now, as "run" would (e.g. while an image is built)
`

const RULES = { json: { kind: 'switch' }, fetch: { kind: 'switch' } } as const

/** The subcommand. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'show what measuring needs, what is missing, and how to fix it',
  help: HELP,
  rules: RULES,
  takes: 'nothing',
  run: async ({ args, env, cwd, print, log, host }) => {
    const { options, operands: rest } = readArguments('doctor', args, RULES)
    refuseOperands('doctor', rest)
    const diagnosis = await examine({ env, cwd, log, host, fetch: options.has('fetch') })
    print(options.has('json') ? `${terminalJson(diagnosis)}\n` : diagnosisText(diagnosis, palette().width))
    return { code: diagnosis.ready ? 0 : 1 }
  },
}
