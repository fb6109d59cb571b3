/**
 * Runs the measuring code idle before the first run of a process.
 *
 * V8 compiles what runs often. Code that grows hot in a window is compiled in it, and 5 to 90 KB of code, feedback and
 * compiler memory would be some cache's. After this the readings of a drain, the hottest of it, are compiled already.
 */
import type { Instrument } from './window.js'

const SLICE_MS = 5
/** A clock that stands must not keep a slice from ending. */
const READS_PER_SLICE_MAX = 1000

/** Compiled code is shared by all coordinators of a thread. */
let isWarm = false

/** Reads for `totalMs` in slices of 5 ms with turns of the event loop between; at most once in a process. */
export async function warmUp(instrument: Instrument, totalMs: number, signal: AbortSignal): Promise<void> {
  const { environment, sampler, threads } = instrument
  const isAborted = (): boolean => signal.aborted
  if (isWarm || totalMs <= 0 || isAborted()) return
  isWarm = true
  for (let spentMs = 0; spentMs < totalMs && !isAborted(); spentMs += SLICE_MS) {
    const startMs = environment.now()
    for (let reads = 0; reads < READS_PER_SLICE_MAX && environment.now() - startMs < SLICE_MS; reads++) {
      sampler.readLiveBytes()
      threads?.isAnyAtWork()
      environment.sleepSync(0)
    }
    await environment.yieldToLoop(0, signal)
  }
  sampler.figures()
}
