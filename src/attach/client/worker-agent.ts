/** The agent in a worker thread of the other process, and the way to ask it. */
import { PROGRESS_MS } from '../protocol.js'
import type { AgentAnswer, AgentQuestion, AgentStart, AgentTask } from '../protocol.js'
import { valueOfAnswer } from './agent-answer.js'
import { SessionError } from './inspector-session.js'
import type { InspectorSession } from './inspector-session.js'

const ANSWER_MS = 10_000
const END_MS = 2_000
/** A worker that says nothing for so long in the middle of its task is blocked. */
const SILENCE_MS = 30_000

/** One agent, until it is closed. */
export class WorkerAgent {
  readonly heap: { readonly heapUsedBytes: number; readonly heapTotalBytes: number }
  readonly #session: InspectorSession
  readonly #handle: string
  readonly #keepAlive: () => Promise<void>

  /** @param keepAlive of the agent in the main thread, which nobody asks meanwhile */
  constructor(session: InspectorSession, handle: string, started: AgentStart, keepAlive: () => Promise<void>) {
    this.#session = session
    this.#handle = handle
    this.#keepAlive = keepAlive
    const { heapUsedBytes, heapTotalBytes } = started
    this.heap = { heapUsedBytes, heapTotalBytes }
  }

  /** @throws CacheAttributionError of the agent; SessionError */
  async ask(task: AgentTask, options: AgentQuestion['options']): Promise<unknown> {
    let timer: ReturnType<typeof setInterval> | undefined
    const silence = new Promise<never>((_, reject) => {
      let answeredMs = performance.now()
      timer = setInterval(() => {
        // An agent that nobody asks for ten seconds goes.
        void this.#keepAlive().catch(() => undefined)
        void this.#session.call(this.#handle, 'progress', '', { timeoutMs: ANSWER_MS }).then(
          () => (answeredMs = performance.now()),
          () => undefined,
        )
        if (performance.now() - answeredMs > SILENCE_MS) {
          reject(new SessionError('silent', `it did not answer for ${String(SILENCE_MS)} ms in the middle of its run`))
        }
      }, PROGRESS_MS)
    })
    try {
      const question: AgentQuestion = { task, options }
      const asked = this.#session.call(this.#handle, 'ask', JSON.stringify(question), { isAsync: true })
      return valueOfAnswer(JSON.parse((await Promise.race([asked, silence])) as string) as AgentAnswer)
    } finally {
      clearInterval(timer)
    }
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.#session.call(this.#handle, 'end', '', { timeoutMs: END_MS }).catch(() => undefined)
  }
}
