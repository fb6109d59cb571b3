/** `cache-attribution breakdown`: where all of another process's resident memory is, by its mappings. */
import { breakdownOfProcess } from '../../breakdown/index.js'
import { formatBreakdown } from '../../report/breakdown/format-breakdown.js'
import { terminalJson } from '../../support/terminal-text.js'
import { quoted, readArguments, usageError } from '../arguments.js'
import type { Command } from '../command.js'

const HELP = `Usage: cache-attribution breakdown [--json] <pid>

Shows where the resident memory of a running Node process is: V8's heap, the allocator, stacks, libraries, files, shared
memory. Told by the process's mappings alone (/proc/<pid>/smaps): it is not stopped, nothing is loaded into it. What of it
is live or free, and which cache holds it, only the process itself can tell: breakdown() in it.

Options:
  --json  the same as JSON
`

/** The subcommand. */
export const breakdown: Command = {
  name: 'breakdown',
  summary: 'show where all of the memory of a running process is',
  help: HELP,
  run: ({ args, print }) => {
    const { options, rest } = readArguments('breakdown', args, { json: { kind: 'switch' } })
    const [pid, ...others] = rest
    if (pid === undefined) throw usageError('"breakdown" needs the id of a process')
    if (!/^[1-9]\d{0,9}$/.test(pid) || others.length > 0) {
      throw usageError(`"breakdown" takes the id of one process, got ${[pid, ...others].map(quoted).join(' ')}`)
    }
    const tree = breakdownOfProcess(Number(pid))
    print(`${options.has('json') ? terminalJson(tree) : formatBreakdown(tree)}\n`)
    return Promise.resolve({ code: 0 })
  },
}
