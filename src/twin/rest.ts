/**
 * Forks at rest: no thread of V8's is in the middle of anything that the child would wait for.
 *
 * Rule: V8's flags are as before when this returns, whatever happened. The order is found, not guessed (docs/twin.md).
 * {@link forkSwept}: a major GC in one turn; its sweeping, by V8's threads while requests are answered; in a later turn
 * a minor GC, which takes note of the end of the sweeping, a drain, the fork. From the first turn to the last no marking
 * can begin. {@link forkSweeping} is for a process that does not come to rest so: all of it in one turn, and V8 sweeps on
 * this thread, which later costs the service a long minor GC.
 */
import type { ForkedTwin } from '../allocator/port.js'
import type { MemorySample } from '../measure/sample.js'
import { drain, settleTools } from '../measure/settle.js'
import type { Instrument } from '../measure/window.js'
import type { Environment } from '../support/environment.js'

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
  const markAgain = environment.holdMarking()
  try {
    const collected = await inTurn(environment, () => {
      collect(instrument)
    })
    pausesMs.push(collected.pauseMs)
    instrument.threads?.forget()
    for (let rest = 1; rest <= RESTS; rest++) {
      await untilAtRest(instrument, Math.max(BUSY_MS, BUSY_COLLECTIONS * collected.pauseMs))
      const { value, pauseMs } = await inTurn(environment, () => forkIfAtRest(instrument, fork))
      pausesMs.push(pauseMs)
      if (value !== null) return value
      await environment.rest(BREATH_MS)
    }
    return null
  } finally {
    markAgain()
  }
}

/** No thread is at work at its beginning, so that the minor GC finds the sweeping done and takes note of it. */
function forkIfAtRest(instrument: Instrument, fork: () => ForkedTwin): Fork | null {
  const { environment, threads } = instrument
  threads?.begin()
  if (threads?.isAnyAtWork() === true) return null
  return whileHeld(environment.holdBufferSweeper(), () => {
    const { rested, before } = comeToRest(instrument)
    return rested ? { forked: fork(), before } : null
  })
}

async function forkSweeping(instrument: Instrument, fork: () => ForkedTwin, pausesMs: number[]): Promise<Fork> {
  const { environment } = instrument
  await untilAtRest(instrument, BUSY_MS)
  const { value, pauseMs } = await inTurn(environment, () =>
    whileHeld(environment.holdSweepers(), () =>
      whileHeld(environment.holdBufferSweeper(), () => {
        collect(instrument)
        const { before } = comeToRest(instrument)
        return { forked: fork(), before }
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

/** After a major GC, with the sweeper of Buffers held: what is left to do right before a fork. */
function comeToRest(instrument: Instrument): { readonly rested: boolean; readonly before: MemorySample } {
  instrument.collector?.minor()
  const { rested } = drain(settleTools(instrument), THREADS_PATIENCE_MS)
  return { rested, before: instrument.sampler.sample() }
}

function whileHeld<T>(release: () => void, work: () => T): T {
  try {
    return work()
  } finally {
    release()
  }
}

/** With the loop turning: V8's own threads rest now and then, a busy worker does not and is passed over. */
async function untilAtRest({ environment, threads }: Instrument, busyMs: number): Promise<void> {
  if (threads === null) return
  threads.begin()
  const startMs = environment.now()
  while (threads.isAnyAtWork()) {
    if (environment.now() - startMs >= busyMs) {
      threads.giveUp()
      return
    }
    await environment.rest(LOOK_MS)
  }
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
