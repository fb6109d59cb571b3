/** A clock that a test moves, with timers; a coordinator and sinks that keep what they get. */
import type { LogEnvironment, ReportingCoordinator } from '../helpers/internals/log.js'
import type { Observation, AttributionReport } from '../../src/index.js'
import { head, sample } from '../report/reports.js'

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

/** Monotonic time and the wall clock, apart. */
export class FakeTime {
  nowMs = 5000
  wallMs = Date.UTC(2026, 0, 1)
  cpuUsedMs = 0
  chance = 0.5
  #timers: Timer[] = []

  readonly environment: LogEnvironment = {
    now: () => this.nowMs,
    date: () => new Date(this.wallMs),
    cpuMs: () => this.cpuUsedMs,
    random: () => this.chance,
    after: (ms, callback) => {
      const timer = { dueMs: this.nowMs + ms, callback }
      this.#timers.push(timer)
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      }
    },
  }

  get timers(): number {
    return this.#timers.length
  }

  /** Goes on by so much, timer by timer. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms
    for (;;) {
      const due = this.#timers.toSorted((a, b) => a.dueMs - b.dueMs).find(({ dueMs }) => dueMs <= endMs)
      if (due === undefined) break
      this.#moveTo(Math.max(this.nowMs, due.dueMs))
      await this.#fire(due)
    }
    this.#moveTo(endMs)
    await settled()
  }

  /** Stops for so long (SIGSTOP, a blocked loop), then every timer that is due comes at once. */
  async stall(ms: number): Promise<void> {
    this.#moveTo(this.nowMs + ms)
    for (const timer of this.#timers.filter(({ dueMs }) => dueMs <= this.nowMs)) await this.#fire(timer)
  }

  #moveTo(ms: number): void {
    this.wallMs += ms - this.nowMs
    this.nowMs = ms
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers = this.#timers.filter((other) => other !== timer)
    timer.callback()
    await settled()
  }
}

/** All promises that can go on have. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A report of one cache, with a floor of so much. */
export function report(bytes = 1e6, floorBytes = 5e6): AttributionReport {
  const [before, after] = [sample(2e6, 3e6), sample(1e6, 3e6)]
  return {
    schemaVersion: 1,
    ...head(before, after),
    noise: { controls: 4, allocatedBytes: 1, heapBytes: 1, mappedBytes: null },
    caches: [
      {
        name: 'users',
        status: 'released',
        released: { allocatedBytes: bytes, heapBytes: 0, mappedBytes: null, totalBytes: bytes },
        uncertaintyBytes: 10,
        uncertainty: { allocatedBytes: 10, heapBytes: 10, mappedBytes: null },
        significant: true,
        entriesBefore: 7,
        entriesAfter: 0,
        claimedBytes: null,
        window: 'atomic',
        settled: true,
        pauseMs: 1,
        durationMs: 1,
      },
    ],
    unattributed: { allocatedBytes: 0, heapBytes: 0, mappedBytes: null },
    floor: { allocatedBytes: floorBytes, heapBytes: 0, mappedBytes: null },
    warnings: [],
  }
}

/** An observation of caches with these sizes. */
export function observation(sizes: Readonly<Record<string, number | null>>): Observation {
  return {
    sample: sample(2e6, 3e6),
    caches: Object.entries(sizes).map(([name, estimatedBytes]) => ({
      name,
      entries: 3,
      claimedBytes: null,
      lastMeasured: null,
      estimatedBytes,
      estimatedUncertaintyBytes: null,
      calibrationAgeMs: null,
      calibration: null,
    })),
  }
}

/** A coordinator that does as the test says. */
export class FakeCoordinator implements ReportingCoordinator {
  isRunning = false
  readonly calls: string[] = []
  observed: () => Observation = () => observation({ users: 1e6 })
  attributed: () => Promise<AttributionReport> = () => Promise.resolve(report())

  observe(): Observation {
    this.calls.push('observe')
    return this.observed()
  }

  attribute(options?: { mode?: string | undefined; trigger?: string | undefined }): Promise<AttributionReport> {
    this.calls.push(`${String(options?.mode)} by ${String(options?.trigger)}`)
    return this.attributed()
  }
}

/** A logger of pino's shape. */
export class KeptLines {
  readonly lines: { level: string; fields: Record<string, unknown>; text: string }[] = []
  flushes = 0
  child = (): void => undefined

  info(fields: object, text: string): void {
    this.lines.push({ level: 'info', fields: fields as Record<string, unknown>, text })
  }

  warn(fields: object, text: string): void {
    this.lines.push({ level: 'warn', fields: fields as Record<string, unknown>, text })
  }

  flush(): void {
    this.flushes++
  }
}
