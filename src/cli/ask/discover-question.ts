/** The options of the commands that seek owners. */
import type { Arguments } from '../arguments.js'
import type { DiscoverQuestion } from './answerer.js'

const MIB = 1024 * 1024
const DAY_MS = 24 * 60 * 60 * 1000

/** Their rules. */
export const DISCOVER_RULES = {
  limit: { kind: 'count', min: 1, max: 100 },
  threads: { kind: 'switch' },
  'budget-ms': { kind: 'count', min: 1, max: DAY_MS },
  'budget-pause': { kind: 'count', min: 1, max: DAY_MS },
  'budget-memory': { kind: 'count', min: 1, max: 1024 * 1024 },
} as const

/** Lines of the help. */
export const BUDGET_HELP = `  --threads  search the heaps of all threads, each in a copy of its own; of a URL, workers without a coordinator are
             listed, and not searched
  --budget-ms N
             search for N milliseconds at most, and show what is known by then
  --budget-pause N
             make no copy of the process if the last one paused it for longer than N milliseconds
  --budget-memory N
             make no copy of the process that may need more than N MiB of its own, and end one that does
`

/** The bounds that are asked with them. */
export function discoverQuestion(options: Arguments['options']): DiscoverQuestion {
  const limit = options.get('limit')
  const durationMs = options.get('budget-ms')
  const pauseMs = options.get('budget-pause')
  const memory = options.get('budget-memory')
  const budget = {
    ...(durationMs === undefined ? {} : { durationMs: Number(durationMs) }),
    ...(pauseMs === undefined ? {} : { pauseMs: Number(pauseMs) }),
    ...(memory === undefined ? {} : { memoryBytes: Number(memory) * MIB }),
  }
  return {
    ...(limit === undefined ? {} : { limit: Number(limit) }),
    ...(options.has('threads') ? { threads: true as const } : {}),
    ...(Object.keys(budget).length === 0 ? {} : { budget }),
  }
}
