/**
 * Settling: bring the process to a state in which a read means live bytes.
 *
 * The order is measured, not guessed (bench/settle-sequences.ts): background jobs that run while the collector works
 * finish at random moments afterwards, so they are drained first. The major GC leaves the backing stores of dead Buffers
 * to another thread, and the minor GC right after it waits for that thread. What comes after the collection is V8's
 * sweeping of its own pages, which on a large heap takes a hundred milliseconds and moves no figure: there it is not
 * waited for. On a small one it is over soon, and what else works then is V8's compiler, whose jobs hold 60 to 90 KB each.
 *
 * Finalizers run between the collections and the last drain. Where they dropped what only a collection finds, another
 * follows, and then the finalizers of what that found.
 */
import type { Collector, Environment } from '../support/environment.js'
import type { Finalizers } from './finalizers.js'
import type { Sampler } from './sample.js'
import type { ThreadWatch } from './threads.js'

/** Two reads further apart than this are not settled. Nothing smaller is resolved by a measurement. */
export const QUIESCENT_TOLERANCE_BYTES = 1024
const READS_IN_A_ROW = 3
const DRAIN_STEP_MS = 0.5
const DRAIN_TIMEOUT_MS = 40
/** A thread that has work but no processor needs longer: the shorter bound begins when none works any more. */
const DRAIN_BUSY_TIMEOUT_MS = 120
const THREADS_PATIENCE_MS = 20
const LONG_COLLECTION_MS = 50
/** Collecting so much takes longer than any compilation that is under way when it begins. */
const LARGE_HEAP_BYTES = 128 * 1024 * 1024
const LARGE_HEAP_PATIENCE_MS = 8
/** Collections more, each for what the finalizers before it dropped: a chain of four links is freed in one window. */
const FINALIZER_ROUNDS_MAX = 3

/** The work of one settling. */
export interface Settled {
  /** False when a drain ran into its bound: background work of other threads went on. */
  readonly isQuiescent: boolean
  readonly durationMs: number
}

/** The tools of settling, as an instrument has them. */
export function settleTools(instrument: {
  readonly environment: Environment
  readonly threads: ThreadWatch | null
  readonly finalizers?: Finalizers | null
  readonly sampler: Sampler
}): SettleTools {
  const { environment, finalizers = null, sampler, threads } = instrument
  return {
    environment,
    threads,
    finalizers,
    readLiveBytes: () => sampler.readLiveBytes(),
    noteHeap: () => {
      sampler.noteHeap()
    },
  }
}

/** The dependencies of settling. */
export interface SettleTools {
  readonly environment: Environment
  /** The other threads; null where the kernel does not report it. */
  readonly threads: ThreadWatch | null
  /** Null where they cannot be run. */
  readonly finalizers?: Finalizers | null
  /** See `Sampler.look`. */
  readLiveBytes(): number
  /** See `Sampler.noteHeap`. */
  noteHeap(): void
}

/**
 * Blocks this thread until background work is quiescent: three reads in a row within 1 KiB, 0.5 ms apart, and no
 * other thread at work; at most 40 ms since a thread was last at work, and 120 ms in all. A blocked main thread hands
 * out no new jobs, so V8's threads run dry. Equal reads alone would not do: on a busy machine a thread may wait that long
 * for a processor. After `threadsPatienceMs` the reads alone decide.
 */
export function drain(tools: SettleTools, threadsPatienceMs = Infinity): Settled {
  tools.threads?.begin()
  const settled = awaitQuiescence(tools, threadsPatienceMs)
  if (!settled.isQuiescent) tools.threads?.giveUp()
  return settled
}

/**
 * The same after a collection that took `collectedMs`, but with 20 ms of patience for threads: enough for a compilation
 * that was set off meanwhile, on a processor that others want too. After a long collection there is none, and two reads
 * that agree are enough: sweepers of a large heap would use it up, and they move no figure; while they work each sleep
 * costs a slice of somebody else's on a busy machine.
 */
export function drainBriefly(tools: SettleTools, collectedMs: number): Settled {
  return collectedMs <= LONG_COLLECTION_MS ? awaitQuiescence(tools, THREADS_PATIENCE_MS) : awaitQuiescence(tools, 0, 1)
}

function awaitQuiescence(tools: SettleTools, threadsPatienceMs: number, readsInARow = READS_IN_A_ROW): Settled {
  const { environment, threads } = tools
  const start = environment.now()
  let previous = tools.readLiveBytes()
  let quietReads = 0
  let busyUntilMs = 0
  let waitedMs = 0
  while (quietReads < readsInARow && waitedMs < DRAIN_BUSY_TIMEOUT_MS && waitedMs - busyUntilMs < DRAIN_TIMEOUT_MS) {
    environment.sleepSync(DRAIN_STEP_MS)
    const current = tools.readLiveBytes()
    const isBusy = waitedMs < threadsPatienceMs && (threads?.isAnyAtWork() ?? false)
    // Without an allocator's figure (NaN) there is nothing to compare: the sleeps alone must do.
    quietReads = isBusy || Math.abs(current - previous) > QUIESCENT_TOLERANCE_BYTES ? 0 : quietReads + 1
    previous = current
    waitedMs = environment.now() - start
    if (isBusy) busyUntilMs = waitedMs
  }
  return { isQuiescent: quietReads >= readsInARow, durationMs: waitedMs }
}

/** How garbage is dealt with around a release. */
export type GcMode = 'forced' | 'natural' | 'none'

/**
 * Before the first read of a window: everything that could move between two reads is quiescent.
 * `natural` expects that V8's own major GC has just been seen; the minor GC then only ends its ArrayBuffer sweep.
 */
export function settleBefore(tools: SettleTools, collector: Collector | null, mode: GcMode): Settled {
  // Jobs that are under way end during a long collection by themselves; waiting for them would only add to its pause.
  if (mode === 'none') tools.finalizers?.run()
  const isShort = mode === 'forced' && tools.environment.heapUsedBytes() > LARGE_HEAP_BYTES
  const first = drain(tools, isShort ? LARGE_HEAP_PATIENCE_MS : Infinity)
  if (mode === 'none') return first
  const second = settleAfter(tools, collector, mode)
  return { isQuiescent: first.isQuiescent && second.isQuiescent, durationMs: first.durationMs + second.durationMs }
}

/** After a release in the same turn: no job was handed out since the first read but by the release itself. */
export function settleAfter(tools: SettleTools, collector: Collector | null, mode: GcMode): Settled {
  const start = tools.environment.now()
  collect(tools, collector, mode)
  for (let round = 1; tools.finalizers?.run() === true && round <= FINALIZER_ROUNDS_MAX; round++) {
    // Without forced collections what finalizers drop is found by V8's next.
    if (mode !== 'forced') break
    collect(tools, collector, mode)
  }
  const { isQuiescent } = drainBriefly(tools, tools.environment.now() - start)
  return { isQuiescent, durationMs: tools.environment.now() - start }
}

function collect(tools: SettleTools, collector: Collector | null, mode: GcMode): void {
  if (mode === 'forced') {
    collector?.major()
    tools.noteHeap()
  }
  if (mode !== 'none') collector?.minor()
}
