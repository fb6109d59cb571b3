/** The readings that hold this process for long, each shared by those who ask for it. */
import { performance } from 'node:perf_hooks'
import { breakdown } from '../../breakdown/index.js'
import { heapsOfWorkers } from '../../breakdown/worker-watch.js'
import type { Coordinator } from '../../coordinator/coordinator.js'
import type { MemoryNode } from '../../report/breakdown/types.js'
import type { Trends } from '../../report/trends/types.js'
import type { HistorySource } from './past-reports.js'
import { SharedRead } from '../server/shared-read.js'
import type { Lifetime, SharedValue } from '../server/shared-read.js'

/** The admin page, which asks every five seconds, gets a new value each time, unless reading it takes a quarter of a second. */
const LIFETIME: Lifetime = { leastMs: 1000, timesCost: 20, mostMs: 30_000 }

/** Those of one handler. */
export interface CostlyReads {
  readonly breakdown: SharedRead<MemoryNode>
  /** Null where there is no history. */
  readonly trends: SharedRead<Trends> | null
}

/** The readings of a coordinator and a history. */
export function costlyReads(coordinator: Coordinator, history: HistorySource | undefined): CostlyReads {
  const share = <T>(read: () => T | Promise<T>): SharedRead<T> =>
    new SharedRead(read, LIFETIME, () => performance.now())
  return {
    breakdown: share(async () => breakdown({ coordinator, isolates: await heapsOfWorkers() })),
    trends: history === undefined ? null : share(() => history.trends()),
  }
}

/** Adds the age of a shared value, in whole seconds, as caches of HTTP do. */
export function ageHeader({ ageMs }: SharedValue<unknown>): { readonly age: string } {
  return { age: String(Math.floor(ageMs / 1000)) }
}
