/** `cache-attribution postmortem`: what the black box of a process says about its end. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { palette } from '../../report/format-table.js'
import { formatPostmortem } from '../../profiling/black-box/format-postmortem.js'
import { postmortem } from '../../profiling/black-box/postmortem.js'
import { readBlackBox } from '../../profiling/black-box/read-black-box.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { formatBytes } from '../../support/units.js'
import { terminalJson } from '../../support/terminal-text.js'
import { readArguments, usageError } from '../arguments.js'
import type { Command } from '../command.js'

const HELP = `Usage: cache-attribution postmortem [--json] [-o PROFILE] FILE
       cache-attribution postmortem [--json] [-o PROFILE] FOLDER

Shows what the black box of a process recorded of its last minutes: how it ended, which part of its memory and which
cache grew, how fast, which functions ran, and how near the limit was. FILE is a box of BlackBox.open(). In a FOLDER
(run --black-box FOLDER) the newest box of a process that has ended is taken. The process of a FILE may be running.

Options:
  --json             all of it as JSON, every reading included
  --output FILE, -o  a new file (mode 0600) for the latest heap profile in the box, which "cache-attribution profile" reads
`

const RULES = { json: { kind: 'switch' }, output: { kind: 'text', what: 'a file', short: 'o' } } as const

/** The subcommand. */
export const postmortemCommand: Command = {
  name: 'postmortem',
  summary: 'show what a black box recorded before a process was killed',
  help: HELP,
  rules: RULES,
  takes: 'file',
  run: ({ args, cwd, print, log }) => {
    const { options, operands } = readArguments('postmortem', args, RULES)
    const [target, ...surplus] = operands
    if (target === undefined || surplus.length > 0) {
      throw usageError('"postmortem" takes one black box, or a folder of them, the options before it')
    }
    const found = postmortem(path.resolve(cwd, target))
    const output = options.get('output')
    if (typeof output === 'string')
      log(`${output}: ${formatBytes(writeProfile(found.file, path.resolve(cwd, output)))}`)
    print(options.has('json') ? `${terminalJson(found)}\n` : `${formatPostmortem(found, palette()).join('\n')}\n`)
    return Promise.resolve({ code: 0 })
  },
}

/** Gives its size. @throws CacheAttributionError `ERR_BLACK_BOX_FILE` */
function writeProfile(box: string, output: string): number {
  const { profile } = readBlackBox(box)
  if (profile === null) throw new CacheAttributionError('ERR_BLACK_BOX_FILE', `${box} holds no heap profile`)
  try {
    writeFileSync(output, profile.bytes, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    throw new CacheAttributionError('ERR_BLACK_BOX_FILE', `${output} cannot be written: ${messageOf(error)}`)
  }
  return profile.bytes.length
}
