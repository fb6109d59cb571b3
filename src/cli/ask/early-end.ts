/**
 * Ends of this command before it is done: by a signal, or because nobody reads its output any more. Its changes in
 * another process are undone first.
 */
import process from 'node:process'

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Has `close` done before an early end. */
export class EarlyEnd {
  readonly #close: () => Promise<void>
  readonly #stops: (() => void)[] = []
  #isEnding = false

  constructor(close: () => Promise<void>) {
    this.#close = close
    for (const [signal, code] of Object.entries(SIGNALS)) {
      const listener = (): void => {
        this.#end(code)
      }
      process.once(signal, listener)
      this.#stops.push(() => process.off(signal, listener))
    }
    // A pipe whose reader has gone: `… --watch | head -3`.
    const listener = ({ code }: NodeJS.ErrnoException): void => {
      if (code === 'EPIPE') this.#end(0)
    }
    process.stdout.on('error', listener)
    this.#stops.push(() => process.stdout.off('error', listener))
  }

  /** The result of `task`; what fails in it after the end has begun fails by that, and is not reported. */
  async guard<T>(task: Promise<T>): Promise<T> {
    try {
      return await task
    } catch (error) {
      if (!this.#isEnding) throw error
      // The process ends when `close` is done.
      return await new Promise<never>(() => undefined)
    }
  }

  /** Stops listening. */
  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
  }

  #end(code: number): void {
    if (this.#isEnding) return
    this.#isEnding = true
    void this.#close().finally(() => process.exit(code))
  }
}
