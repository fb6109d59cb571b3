/** A child process of the example: typed messages both ways, and an end that is always waited for. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const END_TIMEOUT_MS = 5000

export class Child<Command extends object, Message extends { readonly type: string }> {
  readonly #name: string
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>

  /** @param script a file beside this one */
  constructor(script: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#name = script
    this.#process = fork(fileURLToPath(new URL(script, import.meta.url)), args, { env, execArgv: [] })
    this.#ended = once(this.#process, 'exit').catch(() => undefined)
    // A caller that waits for a message has a listener; there must be one at any time.
    this.#process.on('error', () => undefined)
  }

  send(command: Command): void {
    this.#process.send(command, () => undefined)
  }

  on(listener: (message: Message) => void): void {
    this.#process.on('message', listener as (message: unknown) => void)
  }

  /**
   * The first message of this type from now on. Rejects when the process ends before, or after the timeout, or when it
   * says `failed`.
   */
  async next<Type extends Message['type']>(
    type: Type,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Extract<Message, { readonly type: Type }>> {
    const { promise, resolve, reject } = withResolvers<Extract<Message, { readonly type: Type }>>()
    const onMessage = (message: Message): void => {
      if (message.type === type) resolve(message as Extract<Message, { readonly type: Type }>)
      else if (message.type === 'failed')
        reject(new Error(`${this.#name}: ${(message as { message?: string }).message ?? 'failed'}`))
    }
    const onExit = (code: number | null): void => {
      reject(new Error(`${this.#name} ended (${code ?? 'by a signal'}) before it said "${type}"`))
    }
    const onTimeout = (): void => reject(new Error(`${this.#name} did not say "${type}" within ${timeoutMs} ms`))
    const onAbort = (): void => reject(signal.reason as Error)
    const timer = setTimeout(onTimeout, timeoutMs)
    this.#process.on('message', onMessage).once('exit', onExit).once('error', reject)
    signal.addEventListener('abort', onAbort)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      this.#process.off('message', onMessage).off('exit', onExit).off('error', reject)
    }
  }

  /** Waits for its end, or brings it about. Never rejects. */
  async end(timeoutMs = END_TIMEOUT_MS): Promise<void> {
    if (this.#process.connected) this.#process.disconnect()
    const timeout = new AbortController()
    const isLate = delay(timeoutMs, true, { signal: timeout.signal }).catch(() => false)
    if (await Promise.race([this.#ended.then(() => false), isLate])) this.#process.kill('SIGKILL')
    timeout.abort()
    await this.#ended
  }
}

/** Promise.withResolvers, which Node has from version 22 on. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
