/**
 * The timers and clocks of Node, taken when this library is loaded.
 *
 * Rule: a test that fakes timers later (sinon, Jest, node:test) fakes the service's, never those of a run: it would not end, and keep
 * the run lock of the process.
 */
import { performance } from 'node:perf_hooks'
import process from 'node:process'

const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, queueMicrotask } = globalThis
const OwnDate = Date
const readClock = performance.now.bind(performance)
const nextTick = process.nextTick.bind(process)

/** The same under names of their own. */
export const ownTimers = {
  setTimeout,
  setInterval,
  setImmediate,
  clearTimeout,
  clearInterval,
  queueMicrotask,
  nextTick,
  /** Monotonic milliseconds. */
  now: readClock,
  date: (): Date => new OwnDate(),
} as const
