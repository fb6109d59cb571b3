/**
 * The life of a twin, from the child's side: runs one synchronous function, tells the parent, ends.
 *
 * Rule: nothing here waits, no timer or promise of the service ever goes on, and every way out ends the process without
 * the service's exit handlers. What it sends are frames: one line of JSON each.
 */
import v8 from 'node:v8'
import type { TwinBinding } from '../allocator/twin-binding.js'
import { CacheAttributionError, messageOf, reasonOf } from '../support/errors.js'
import { processorMs } from '../support/processor-time.js'
import { readText } from '../support/read-text.js'
import { TWIN_EXIT } from './exit-codes.js'
import { frameWriter } from './frames.js'

/** The abilities of a function in a twin. */
export interface TwinContext {
  /**
   * Sends JSON to the parent at once. Each message begins a new stretch, in which `allowMs` of processor time may be
   * used (as before, where it is not given).
   */
  send(message: unknown, allowMs?: number): void
  /** Runs the microtasks and ticks that wait, without the event loop; false where this Node has no way to. */
  runMicrotasks(): boolean
  /** Looks how much memory the twin has for itself by now; the most of it stands in the cost. */
  noteCopies(): void
}

/** Wraps `work` into what the child runs; `secret` is what its frames carry, `isStillAtRest` is whether V8 has done nothing for a major GC before the fork. */
export function lifeOf(
  binding: TwinBinding,
  work: (twin: TwinContext) => unknown,
  isStillQuiescent: () => boolean,
  secret: string,
): () => void {
  return () => {
    leaveQuietly(binding)
    // Before any flag: a marking that is under way cannot do without its threads.
    if (!isStillQuiescent()) binding.exit(TWIN_EXIT.COLLECTING)
    leaveNothingToThreads()
    let copiedBytes: number | null = null
    const send = frameWriter(secret, (line) => {
      binding.write(line)
    })
    const noteCopies = (): void => {
      const bytes = privateBytes()
      if (bytes !== null) copiedBytes = Math.max(copiedBytes ?? 0, bytes)
    }
    try {
      const value = work({
        send: (message, allowMs) => {
          send({ kind: 'message', message, cpuMs: processorMs(), ...(allowMs === undefined ? {} : { allowMs }) })
        },
        runMicrotasks,
        noteCopies,
      })
      noteCopies()
      send({ kind: 'result', value, copiedBytes })
    } catch (error) {
      const isResult = error instanceof CacheAttributionError && error.code === 'ERR_TWIN_RESULT'
      send({
        kind: 'thrown',
        code: isResult ? 'ERR_TWIN_RESULT' : 'ERR_TWIN_THROWN',
        message: isResult ? reasonOf(error) : messageOf(error),
      })
    }
  }
}

/**
 * Neither process.exit(), called by a release, nor Node's own end after an error that nobody handles may run C's exit: it
 * joins dead threads. Errors that nobody waits for are passed over, and the service never sees them.
 */
function leaveQuietly(binding: TwinBinding): void {
  const end = (): void => {
    binding.exit(TWIN_EXIT.LEFT)
  }
  Object.assign(process, { reallyExit: end, exit: end })
  try {
    process.setUncaughtExceptionCaptureCallback(null)
  } catch {
    // Node's domains took its place, and have none where no domain is entered.
  }
  for (const event of ['uncaughtExceptionMonitor', 'uncaughtException', 'unhandledRejection']) {
    process.removeAllListeners(event)
    process.on(event, () => undefined)
  }
}

/**
 * V8 hands work to threads, compiling what grows hot above all. In a twin no such job is ever done: each would only keep
 * its memory, from 8 KB for what Sparkplug was to compile to 90 KB for TurboFan, and count as memory of the cache in whose
 * window it was made. Flags that a version does not know are passed over.
 */
function leaveNothingToThreads(): void {
  for (const flag of [
    '--turbo-filter=-*',
    '--maglev-filter=-*',
    '--no-use-osr',
    '--no-concurrent-sparkplug',
    '--no-concurrent-sweeping',
    // Safe here: no marking is under way at the fork, and the flag is never switched on again.
    '--no-incremental-marking',
    // Code that the service compiled stays, see Environment.keepCode().
    '--no-flush-bytecode',
  ]) {
    v8.setFlagsFromString(flag)
  }
}

/**
 * Node keeps the function that ends each turn of the loop under this name. It runs what waits and comes back; what a
 * callback throws comes out of this call.
 */
export function runMicrotasks(): boolean {
  const { _tickCallback: run } = process as { _tickCallback?: () => void }
  if (typeof run !== 'function') return false
  run()
  return true
}

/** Memory of this process that no other shares, from the kernel's sums. */
function privateBytes(): number | null {
  const text = readText('/proc/self/smaps_rollup')
  return text === null ? null : privateBytesIn(text)
}

/** Of the text of a `smaps_rollup`. */
export function privateBytesIn(text: string): number {
  let kilobytes = 0
  for (const [, amount] of text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)) kilobytes += Number(amount)
  return kilobytes * 1024
}
