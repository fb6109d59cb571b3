/**
 * Forks at rest: no thread of V8's is in the middle of anything that the child would wait for.
 *
 * Rule: V8's flags are as before when this returns, whatever happened. The order is found, not guessed (docs/twin.md).
 * {@link forkSwept}: where V8 is known to be between two major GCs of its own, none is made; else a major GC in one turn,
 * and its sweeping, by V8's threads while requests are answered. In a later turn a minor GC, which takes note of the end
 * of the sweeping, a drain, the fork. Where V8 begins to mark in between, another major GC ends that first. A watch is on
 * at the fork, by which the child knows whether V8 has begun to at the very last. {@link forkSweeping} is for a process
 * that does not come to rest so: all of it in one turn, and V8 sweeps on this thread, which later costs the service a
 * long minor GC.
 */
import type { ForkedTwin } from '../allocator/port.js'
import type { MemorySample } from '../measure/sample.js'
import { drain, settleTools } from '../measure/settle.js'
import type { Instrument } from '../measure/window.js'
import type { Environment } from '../support/environment.js'
import type { MajorGcWatch } from '../support/major-gc.js'

/** A fork and what it took. */
export interface AtRest {
  readonly forked: ForkedTwin
  /** How long this thread stood still each time. */
  readonly pausesMs: readonly number[]
  /** This process right before the fork. */
  readonly before: MemorySample
}

/** How a process is brought to rest: `swept` for the shorter pauses, `sweeping` where that failed. */
export type RestKind = 'swept' | 'sweeping'

/** Threads are looked at so often until one look finds none at work. */
const LOOK_MS = 10
/** One that is at work at every look for so long is a busy one of the service's own: it will not rest for a fork. */
const BUSY_MS = 200
/** V8's threads may sweep for as long as it marked, and wait for a processor meanwhile. */
const BUSY_COLLECTIONS = 10
/** The same, from the end of a major GC of V8's own, of which nobody knows how long it marked. */
const SWEEPING_MS_PER_GB = 5000
/** So many attempts to find every thread at rest; then, and not before, V8 sweeps on this thread. */
const RESTS = 3
const BREATH_MS = 50
/** V8's own jobs are over by then; a worker of the service that is busy on and off must not prolong the pause. */
const THREADS_PATIENCE_MS = 25

/** Brings the process to rest and forks there. */
export async function forkAtRest(instrument: Instrument, kind: RestKind, fork: () => ForkedTwin): Promise<AtRest> {
  const pausesMs: number[] = []
  const forked = kind === 'swept' ? await forkSwept(instrument, fork, pausesMs) : null
  return { ...(forked ?? (await forkSweeping(instrument, fork, pausesMs))), pausesMs }
}

/** A fork with this process right before it. */
type Fork = Omit<AtRest, 'pausesMs'>

async function forkSwept(instrument: Instrument, fork: () => ForkedTwin, pausesMs: number[]): Promise<Fork | null> {
  const { environment } = instrument
  const between = await environment.watchBetweenMajorGcs()
  const majorGc = between?.watch ?? (await collectInTurn(instrument, pausesMs))
  const sweepingMs =
    between === null
      ? BUSY_COLLECTIONS * Math.max(...pausesMs)
      : (environment.figures().heapTotalBytes / 1e9) * SWEEPING_MS_PER_GB - between.sinceMs
  try {
    instrument.threads?.forget()
    for (let rest = 1; rest <= RESTS; rest++) {
      if (await untilAtRest(instrument, Math.max(BUSY_MS, sweepingMs), majorGc)) {
        const { value, pauseMs } = await inTurn(environment, () => forkIfAtRest(instrument, fork, majorGc))
        pausesMs.push(pauseMs)
        if (value !== null) return value
      }
      await environment.rest(BREATH_MS)
    }
    return null
  } finally {
    majorGc.end()
  }
}

async function collectInTurn(instrument: Instrument, pausesMs: number[]): Promise<MajorGcWatch> {
  const { value, pauseMs } = await inTurn(instrument.environment, () => {
    collect(instrument)
    return instrument.environment.watchMajorGc()
  })
  pausesMs.push(pauseMs)
  return value
}

/**
 * V8 has swept: the minor GC takes note of it. A marking that it has begun since is brought to its end, and there is no
 * fork; nor is there where a major GC of its own is over and it may sweep again.
 */
function forkIfAtRest(instrument: Instrument, fork: () => ForkedTwin, majorGc: MajorGcWatch): Fork | null {
  const { environment, sampler } = instrument
  const progress = majorGc.look()
  if (progress === 'marking') collect(instrument)
  if (progress !== 'none') return null
  return whileHeld(environment.holdBufferSweeper(), () => {
    // The minor GC itself may be what makes V8 begin to mark.
    if (!comeToRest(instrument) || majorGc.look() !== 'none') return null
    return { before: sampler.sample(), forked: fork() }
  })
}

async function forkSweeping(instrument: Instrument, fork: () => ForkedTwin, pausesMs: number[]): Promise<Fork> {
  const { environment } = instrument
  await untilAtRest(instrument, BUSY_MS)
  const { value, pauseMs } = await inTurn(environment, () =>
    whileHeld(environment.holdSweepers(), () =>
      whileHeld(environment.holdBufferSweeper(), () => {
        collect(instrument)
        const majorGc = environment.watchMajorGc()
        try {
          comeToRest(instrument)
          return { before: instrument.sampler.sample(), forked: fork() }
        } finally {
          majorGc.end()
        }
      }),
    ),
  )
  pausesMs.push(pauseMs)
  return value
}

function collect({ collector, sampler }: Instrument): void {
  collector?.major()
  sampler.noteHeap()
}

/** After a major GC, with the sweeper of Buffers held: what is left to do right before a fork. False: not at rest. */
function comeToRest(instrument: Instrument): boolean {
  instrument.collector?.minor()
  return drain(settleTools(instrument), THREADS_PATIENCE_MS).rested
}

function whileHeld<T>(release: () => void, work: () => T): T {
  try {
    return work()
  } finally {
    release()
  }
}

/**
 * With the loop turning, until a look finds no thread at work, which is when V8 has swept: its threads rest now and then, a
 * busy worker does not and is passed over. What works later is the service's own, or is waited for by the drain. A marking
 * ends the wait too: it may take long, and its threads must not be taken for busy ones. False where neither came to be.
 */
async function untilAtRest(instrument: Instrument, busyMs: number, majorGc?: MajorGcWatch): Promise<boolean> {
  const { environment, threads } = instrument
  if (threads === null) return true
  threads.begin()
  const startMs = environment.now()
  while (threads.isAnyAtWork()) {
    if (majorGc?.look() === 'marking') return true
    if (environment.now() - startMs >= busyMs) {
      threads.giveUp()
      return !threads.isAnyAtWork()
    }
    await environment.rest(LOOK_MS)
  }
  return true
}

/** Runs `work` in a turn of its own; resolves with the milliseconds for which this thread stood still. */
function inTurn<T>(environment: Environment, work: () => T): Promise<{ readonly value: T; readonly pauseMs: number }> {
  return new Promise((resolve, reject) => {
    environment.inOwnTurn(() => {
      const startMs = environment.now()
      try {
        const value = work()
        resolve({ value, pauseMs: environment.now() - startMs })
      } catch (error) {
        reject(error)
      }
    })
  })
}
