/**
 * The timers and clocks of Node, taken when this library is loaded.
 *
 * Rule: a test that fakes timers later (sinon, Jest, node:test) fakes the service's, never those of a run: it would not end, and keep
 * the run lock of the process. Where they are faked already, those of `socketTimers` stand in.
 */
import process from 'node:process'
import { socketTimers } from './socket-timers.js'

const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, queueMicrotask } = globalThis
const OwnDate = Date
// Not that of node:perf_hooks, whose import costs a megabyte.
const readNanoseconds = process.hrtime.bigint.bind(process.hrtime)
const readClock = (): number => Number(readNanoseconds()) / 1e6
const nextTick = process.nextTick.bind(process)

const nodeTimers = {
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

/** The same under names of their own. */
export const ownTimers: typeof nodeTimers = areFaked() ? { ...nodeTimers, ...socketTimers } : nodeTimers

/** By what Node's own timers have for async hooks, and by the name of the clock. */
function areFaked(): boolean {
  const timeout: unknown = setTimeout(() => undefined, 1)
  clearTimeout(timeout as NodeJS.Timeout)
  const isNodes =
    typeof timeout === 'object' &&
    timeout !== null &&
    Object.getOwnPropertySymbols(timeout).some(({ description }) => description === 'asyncId')
  return !isNodes || readNanoseconds.name !== 'bound hrtimeBigInt'
}
