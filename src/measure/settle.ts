/**
 * Settling: bring the process to a state in which a read means live bytes.
 *
 * The order is measured, not guessed (bench/settle-sequences.ts): background jobs that run while the collector works
 * finish at random moments afterwards, so they are drained first; the major GC leaves the backing stores of dead Buffers
 * to another thread, and the minor GC right after it waits for that thread; what those threads give back is drained last.
 */
import type { Collector, Environment } from '../support/environment.js'

/** Two reads further apart than this are not at rest. Nothing smaller is resolved by a measurement. */
export const REST_TOLERANCE_BYTES = 1024
const READS_IN_A_ROW = 3
const DRAIN_STEP_MS = 0.5
const DRAIN_TIMEOUT_MS = 40

/** What a settling did. */
export interface Settled {
  /** False when a drain ran into its bound: background work of other threads went on. */
  readonly rested: boolean
  readonly durationMs: number
}

/** What settling needs. */
export interface SettleTools {
  readonly environment: Environment
  /** Live allocated bytes, NaN where unknown. */
  readLive(): number
}

/**
 * Blocks this thread until background work has come to rest: three reads in a row within 1 KiB, 0.5 ms apart, at most
 * 40 ms. A blocked main thread hands out no new jobs, so V8's threads run dry.
 */
export function drain(tools: SettleTools): Settled {
  const { environment } = tools
  const start = environment.now()
  let previous = tools.readLive()
  let rested = 0
  while (rested < READS_IN_A_ROW && environment.now() - start < DRAIN_TIMEOUT_MS) {
    environment.sleepSync(DRAIN_STEP_MS)
    const current = tools.readLive()
    // Without an allocator's figure (NaN) there is nothing to compare: the sleeps alone must do.
    rested = Math.abs(current - previous) > REST_TOLERANCE_BYTES ? 0 : rested + 1
    previous = current
  }
  return { rested: rested >= READS_IN_A_ROW, durationMs: environment.now() - start }
}

/** How garbage is dealt with around a release. */
export type GcMode = 'forced' | 'natural' | 'none'

/**
 * Before the first read of a window: everything that could move between two reads is brought to rest.
 * `natural` expects that V8's own major GC has just been seen; the minor GC then only ends its ArrayBuffer sweep.
 */
export function settleBefore(tools: SettleTools, collector: Collector | null, mode: GcMode): Settled {
  if (mode === 'none') return drain(tools)
  const first = drain(tools)
  const rest = settleAfter(tools, collector, mode)
  return { rested: rest.rested, durationMs: first.durationMs + rest.durationMs }
}

/** After a release in the same turn: nothing new was started since the first read, so one drain is enough. */
export function settleAfter(tools: SettleTools, collector: Collector | null, mode: GcMode): Settled {
  const start = tools.environment.now()
  if (mode === 'forced') collector?.major()
  if (mode !== 'none') collector?.minor()
  const { rested } = drain(tools)
  return { rested, durationMs: tools.environment.now() - start }
}
