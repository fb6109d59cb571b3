/**
 * Forks while the process is quiescent: no thread of V8 is in the middle of anything that the child would wait for.
 *
 * Rule: V8's flags are as before when this returns, whatever happened. The order is found, not guessed (docs/guide/twin.md).
 * `forkSwept`: where V8 is known to be between two major GCs of its own, none is made; else a major GC in one turn,
 * and its sweeping, by V8's threads while requests are answered. In a later turn a minor GC, which takes note of the end
 * of the sweeping, a drain, the fork. Where V8 begins to mark in between, another major GC ends that first. The child asks
 * once more, for what V8 began at the very last. V8's heap is given to forks in a turn before that one and kept from them
 * again in a turn after it, since both take long where it is large. `forkSweeping` is for a process that does not become
 * quiescent so: all of it in one turn, and V8 sweeps on this thread, which later costs the service a long minor GC.
 */
import type { ForkedTwin, TwinBinding } from '../allocator/twin-binding.js'
import type { MemorySample } from '../measure/sample.js'
import { drain, settleTools } from '../measure/settle.js'
import type { Instrument } from '../measure/window.js'
import type { Environment } from '../support/environment.js'

/** A fork and what it took. */
export interface ForkedAtRest {
  readonly forked: ForkedTwin
  /** How long this thread stood still each time. */
  readonly pausesMs: readonly number[]
  /** How many major GCs it took. */
  readonly majorGcs: number
  /** This process right before the fork. */
  readonly before: MemorySample
}

/** How a process is made quiescent: `swept` for the shorter pauses, `sweeping` where that failed. */
export type ForkKind = 'swept' | 'sweeping'

/** The threads are polled this often, until one poll finds none at work. */
const POLL_MS = 10
/** One that is at work at every poll for this long is a busy one of the service: it will not pause for a fork. */
const BUSY_MS = 200
/** Before that, V8's threads may still sweep after a major GC: three times as long as it takes on a slow machine. */
const SWEEPING_MS_PER_GB = 2000
/** Attempts to find every thread quiescent; only after them V8 sweeps on this thread. */
const ATTEMPTS_MAX = 3
const BREATH_MS = 50
/** V8's own jobs are over by then; a worker of the service that is busy on and off must not prolong the pause. */
const THREADS_PATIENCE_MS = 25

/** The needs of the fork, of V8 and of the kernel. */
export interface ForkTools extends Pick<TwinBinding, 'majorGcs' | 'openHeap' | 'closeHeap'> {
  /** The child asks whether V8 has done nothing for a major GC since the last poll before it. */
  fork(isStillQuiescent: () => boolean): ForkedTwin
}

/** Makes the process quiescent and forks it. */
export async function forkAtRest(instrument: Instrument, kind: ForkKind, tools: ForkTools): Promise<ForkedAtRest> {
  const forker = new QuiescentForker(instrument, tools)
  const forked = kind === 'swept' ? await forker.forkSwept() : null
  return { ...(forked ?? (await forker.forkSweeping())), pausesMs: forker.pausesMs, majorGcs: forker.majorGcs }
}

/** A fork with this process right before it. */
type Fork = Omit<ForkedAtRest, 'pausesMs' | 'majorGcs'>

class QuiescentForker {
  readonly pausesMs: number[] = []
  majorGcs = 0
  readonly #instrument: Instrument
  readonly #environment: Environment
  readonly #tools: ForkTools

  constructor(instrument: Instrument, tools: ForkTools) {
    this.#instrument = instrument
    this.#environment = instrument.environment
    this.#tools = tools
  }

  /** Null if the process did not become quiescent. */
  async forkSwept(): Promise<Fork | null> {
    const { isMarking, sinceMs } = this.#tools.majorGcs()
    // V8's state before it was first asked is not known: it may mark.
    if (isMarking || sinceMs === null) {
      await this.#inTurn(() => {
        this.#collect()
      })
    }
    this.#instrument.threads?.forget()
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const { notices } = this.#tools.majorGcs()
      if (await this.#awaitQuiescence()) {
        const forked = await this.#openAndFork(notices)
        if (forked !== null) return forked
      }
      await this.#environment.yieldToLoop(BREATH_MS)
    }
    return null
  }

  async forkSweeping(): Promise<Fork> {
    await this.#awaitQuiescence()
    return this.#inTurn(() =>
      whileHeld(this.#environment.holdSweepers(), () =>
        whileHeld(this.#environment.holdBufferSweeper(), () => {
          this.#collect()
          const { notices } = this.#tools.majorGcs()
          becomeQuiescent(this.#instrument)
          return this.#forkNow(notices)
        }),
      ),
    )
  }

  /** Three turns; null where V8 went on meanwhile. */
  async #openAndFork(notices: number): Promise<Fork | null> {
    const isOpen = await this.#inTurn(() => {
      if (!this.#isStillQuiescent(notices)) return false
      this.#tools.openHeap()
      return true
    })
    if (!isOpen) return null
    try {
      // The service ran between the turns, and V8 may have begun to compile for it.
      if (!(await this.#awaitQuiescence())) return null
      return await this.#inTurn(() => this.#forkIfQuiescent(notices))
    } finally {
      await this.#inTurn(() => {
        this.#tools.closeHeap()
      })
    }
  }

  /** V8 has swept: the minor GC takes note of it. Null where it went on. */
  #forkIfQuiescent(notices: number): Fork | null {
    if (!this.#isStillQuiescent(notices)) return null
    return whileHeld(this.#environment.holdBufferSweeper(), () => {
      // The minor GC itself may be what makes V8 begin to mark.
      if (!becomeQuiescent(this.#instrument) || this.#tools.majorGcs().notices !== notices) return null
      return this.#forkNow(notices)
    })
  }

  /**
   * A marking that V8 has begun since is brought to its end, and then there is no fork; nor is there where a major GC of
   * its own is over and it may sweep again.
   */
  #isStillQuiescent(notices: number): boolean {
    const majorGcs = this.#tools.majorGcs()
    if (majorGcs.isMarking) this.#collect()
    return !majorGcs.isMarking && majorGcs.notices === notices
  }

  #forkNow(notices: number): Fork {
    const before = this.#instrument.sampler.sample()
    return { before, forked: this.#tools.fork(() => this.#tools.majorGcs().notices === notices) }
  }

  /**
   * With the loop turning, until a poll finds no thread at work, which is when V8 has swept: its threads rest now and then,
   * a busy worker does not and is passed over. What works later is the service's own, or is waited for by the drain. A
   * marking ends the wait too: it may take long, and its threads must not be taken for busy ones. False where neither came
   * to be.
   */
  async #awaitQuiescence(): Promise<boolean> {
    const { threads } = this.#instrument
    if (threads === null) return true
    threads.begin()
    const startMs = this.#environment.now()
    while (threads.isAnyAtWork()) {
      if (this.#tools.majorGcs().isMarking) return true
      if (this.#environment.now() - startMs >= BUSY_MS && !this.#maySweep()) {
        threads.giveUp()
        return !threads.isAnyAtWork()
      }
      await this.#environment.yieldToLoop(POLL_MS)
    }
    return true
  }

  /** A major GC is over for less than its sweeping may take. */
  #maySweep(): boolean {
    const sweepingMs = (this.#environment.heapUsedBytes() / 1e9) * SWEEPING_MS_PER_GB
    return (this.#tools.majorGcs().sinceMs ?? Infinity) < sweepingMs
  }

  #collect(): void {
    const { collector, sampler } = this.#instrument
    collector?.major()
    sampler.noteHeap()
    this.majorGcs++
  }

  /** Runs `work` in a turn of its own, and notes for how long this thread stood still. */
  #inTurn<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#environment.inOwnTurn(() => {
        const startMs = this.#environment.now()
        try {
          resolve(work())
        } catch (error) {
          reject(error)
        } finally {
          this.pausesMs.push(this.#environment.now() - startMs)
        }
      })
    })
  }
}

/** The last steps right before a fork, after a major GC and with the sweeper of Buffers held. False: not quiescent. */
function becomeQuiescent(instrument: Instrument): boolean {
  // An object that has survived one is promoted by the next: the young generation is empty then, and need not be shared.
  instrument.collector?.minor()
  instrument.collector?.minor()
  return drain(settleTools(instrument), THREADS_PATIENCE_MS).isQuiescent
}

function whileHeld<T>(release: () => void, work: () => T): T {
  try {
    return work()
  } finally {
    release()
  }
}
