/** A process with a heap of so many MiB of small objects, whose classes a twin counts: `service.js HEAP_MIB walk|snapshot`. */
import { readFileSync } from 'node:fs'
import type { ClassHistogram } from 'cache-attribution/twin'
import { nodeEnvironment as environment } from '../../src/support/environment.js'
import { snapshotHistogram } from '../../src/twin/heap-snapshot/class-histogram.js'
import { countClasses } from '../../src/twin/heap-snapshot/in-twin.js'
import { workInTwin } from '../../src/twin/run-in-twin.js'
import { report } from '../support/processes.js'

/** The cost of one way of counting. */
export interface CountResult {
  readonly method: string
  readonly reason: string | null
  readonly heapUsedBytes: number
  readonly nodes: number
  /** From the call to the result, the fork included. */
  readonly durationMs: number
  /** The most that the twin had resident, less what it had at the fork. */
  readonly addedBytes: number
  /** Instances of the planted class, counted and true. */
  readonly counted: number
  readonly planted: number
  readonly longestPauseMs: number
}

class Session {
  readonly id: number
  readonly name: string
  readonly tags: readonly string[]
  readonly next: Session | null

  constructor(id: number, next: Session | null) {
    this.id = id
    this.name = `session ${String(id)}`
    this.tags = [this.name, 'tag', 'another']
    // Chains of a thousand, as lists in services are.
    this.next = id % 1000 === 0 ? null : next
  }
}

const COUNTING = { limit: 1000, retained: true }
const [heapMib, way] = [Number(process.argv[2]), process.argv[3] ?? 'walk']
const sessions = new Map<string, Session>()
let last: Session | null = null
while (sessions.size % 20_000 !== 0 || process.memoryUsage().heapUsed < heapMib * 1024 * 1024) {
  last = new Session(sessions.size, last)
  sessions.set(last.name, last)
}
environment.collector().major()

let longestPauseMs = 0
let lastMs = performance.now()
setInterval(() => {
  const nowMs = performance.now()
  longestPauseMs = Math.max(longestPauseMs, nowMs - lastMs)
  lastMs = nowMs
}, 1).unref()

const residentKib = (key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
const startMs = performance.now()
const { histogram, addedBytes } = (await workInTwin(
  (_twin, instrument) => {
    const beforeKib = residentKib('VmRSS')
    const found = way === 'walk' ? countClasses(instrument, COUNTING) : { histogram: snapshotHistogram(COUNTING) }
    return { ...found, addedBytes: (residentKib('VmHWM') - beforeKib) * 1024 }
  },
  { timeoutMs: 3_600_000, attempts: 1, signal: undefined, onMessage: undefined, onCost: undefined },
)) as { histogram: ClassHistogram; addedBytes: number }
report({
  method: histogram.method,
  reason: histogram.reason,
  heapUsedBytes: process.memoryUsage().heapUsed,
  nodes: histogram.total.nodes,
  durationMs: performance.now() - startMs,
  addedBytes,
  counted: histogram.classes.find(({ className }) => className === 'Session')?.count ?? 0,
  planted: sessions.size,
  longestPauseMs,
} satisfies CountResult)
