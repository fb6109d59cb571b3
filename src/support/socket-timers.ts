/**
 * Timers that nobody fakes: timeouts of sockets that are never opened, which Node keeps apart from those of `setTimeout()`.
 *
 * Rule: none holds the process.
 */
import net from 'node:net'
import process from 'node:process'
import vm from 'node:vm'

const OwnDate = Date

/** As much of a `NodeJS.Timeout` as this library uses. */
class SocketTimer {
  readonly #socket = new net.Socket()
  #repeatMs: number | null

  constructor(callback: () => void, ms: number, repeats: boolean) {
    // Of a socket 0 means never.
    const atLeast = Math.max(1, Math.ceil(ms))
    this.#repeatMs = repeats ? atLeast : null
    this.#socket.setTimeout(atLeast)
    this.#socket.on('timeout', () => {
      if (this.#repeatMs !== null) this.#socket.setTimeout(this.#repeatMs)
      callback()
    })
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  stop(): void {
    this.#repeatMs = null
    this.#socket.setTimeout(0)
  }
}

type Callback = () => void

const started = (callback: Callback, ms: number, repeats: boolean): NodeJS.Timeout =>
  new SocketTimer(callback, ms, repeats) as unknown as NodeJS.Timeout

const stopped = (timer: unknown): void => {
  if (timer instanceof SocketTimer) timer.stop()
}

const inMicrotask = (callback: Callback): void => {
  void Promise.resolve().then(callback)
}

/** Seconds since the start of the process: of all clocks of Node the one that is not faked. */
const now = (): number => process.uptime() * 1000

let startedAtMs: number | undefined

/** By the clock of a context that nobody has seen. */
function date(): Date {
  startedAtMs ??= Number(vm.runInNewContext('Date.now()')) - now()
  return new OwnDate(startedAtMs + now())
}

/** In the place of Node's. */
export const socketTimers = {
  setTimeout: ((callback: Callback, ms = 1) => started(callback, ms, false)) as typeof setTimeout,
  setInterval: ((callback: Callback, ms = 1) => started(callback, ms, true)) as typeof setInterval,
  setImmediate: ((callback: Callback) => started(callback, 1, false)) as unknown as typeof setImmediate,
  clearTimeout: stopped as typeof clearTimeout,
  clearInterval: stopped as typeof clearInterval,
  queueMicrotask: inMicrotask,
  nextTick: inMicrotask as typeof process.nextTick,
  now,
  date,
} as const
