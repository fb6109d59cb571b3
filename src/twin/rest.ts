/**
 * Forks at rest: no thread of V8's is in the middle of anything that the child would wait for.
 *
 * Rule: V8's flags are as before when this returns, whatever happened. The order is found, not guessed
 * (docs/twin.md): sweeping on this thread, a major GC, a minor GC, a drain, the fork.
 */
import type { ForkedTwin } from '../allocator/port.js'
import type { MemorySample } from '../measure/sample.js'
import { drain, settleTools } from '../measure/settle.js'
import type { Instrument } from '../measure/window.js'

/** A fork and what it took. */
export interface AtRest {
  readonly forked: ForkedTwin
  /** How long this thread stood still each time: the last one for the fork, others where it did not come to rest. */
  readonly pausesMs: readonly number[]
  /** This process right before the fork. */
  readonly before: MemorySample
}

/** A thread seen at work at each of so many looks is a busy one of the service's own: it will not rest for a fork. */
const LOOKS = 20
const LOOK_MS = 10
/** A process that does not come to rest gets a breath, and is forked at the last of so many attempts all the same. */
const RESTS = 3
const BREATH_MS = 50
/** V8's own jobs are over by then; a worker of the service that is busy on and off must not prolong the pause. */
const THREADS_PATIENCE_MS = 25

/** Brings the process to rest in a turn of its own and forks there. */
export async function forkAtRest(instrument: Instrument, fork: () => ForkedTwin): Promise<AtRest> {
  await passBusyThreadsOver(instrument)
  const pausesMs: number[] = []
  for (let rest = 1; ; rest++) {
    const { forked, before, pauseMs } = await attempt(instrument, rest === RESTS, fork)
    pausesMs.push(pauseMs)
    if (forked !== null) return { forked, before, pausesMs }
    await instrument.environment.rest(BREATH_MS)
  }
}

/** With the loop turning: V8's own threads rest now and then, a busy worker does not. */
async function passBusyThreadsOver({ environment, threads }: Instrument): Promise<void> {
  if (threads === null) return
  threads.begin()
  for (let look = 0; look < LOOKS; look++) {
    if (!threads.isAnyAtWork()) return
    await environment.rest(LOOK_MS)
  }
  threads.giveUp()
}

interface Attempt {
  readonly forked: ForkedTwin | null
  readonly pauseMs: number
  readonly before: MemorySample
}

function attempt(instrument: Instrument, isLast: boolean, fork: () => ForkedTwin): Promise<Attempt> {
  const { collector, environment, sampler } = instrument
  return new Promise((resolve, reject) => {
    environment.inOwnTurn(() => {
      const startMs = environment.now()
      const releaseSweepers = environment.holdSweepers()
      try {
        collector?.major()
        sampler.noteHeap()
        collector?.minor()
        const { rested } = drain(settleTools(instrument), THREADS_PATIENCE_MS)
        const before = sampler.sample()
        const forked = rested || isLast ? fork() : null
        resolve({ forked, before, pauseMs: environment.now() - startMs })
      } catch (error) {
        reject(error)
      } finally {
        releaseSweepers()
      }
    })
  })
}
