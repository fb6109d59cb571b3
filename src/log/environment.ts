/** The reporter's surroundings: clocks, one timer, processor time. Injectable, for tests. */
import { performance } from 'node:perf_hooks'
import { processorMs } from '../support/processor-time.js'

/** The surroundings of a reporter. */
export interface LogEnvironment {
  /** Monotonic milliseconds. */
  now(): number
  /** The wall clock. */
  date(): Date
  /** Calls back once, after so long; does not hold the process. Returns what cancels it. */
  after(ms: number, callback: () => void): () => void
  /** Milliseconds of processor time that this process has used. */
  cpuMs(): number
  /** 0 to 1. */
  random(): number
}

/** The real ones. */
export const realEnvironment: LogEnvironment = {
  now: () => performance.now(),
  date: () => new Date(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms).unref()
    return () => {
      clearTimeout(timer)
    }
  },
  cpuMs: processorMs,
  random: () => Math.random(),
}
