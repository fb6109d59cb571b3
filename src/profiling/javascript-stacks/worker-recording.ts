/**
 * Records the JavaScript of worker threads that have no profiler of their own, for the main thread's: those that run when
 * recording begins, those that are started later, and theirs.
 *
 * Rule: a worker may be at its very beginning, where Node's own modules do not work yet: what runs in it loads the addon and calls
 * it, and nothing else. Where a worker cannot be reached (no inspector, a permission that is missing) its samples are marked
 * as not recorded. Nothing waits for long for one that does not answer.
 */
import { Session } from 'node:inspector'
import { isMainThread } from 'node:worker_threads'
import { fileOfAddon } from '../../allocator/binding.js'

/** Longest wait for the names of workers, which may be busy in native code. */
const ANSWER_MS = 2_000
const SYMBOL = `Symbol.for('cache-attribution.stacks-of-a-worker')`

interface ToWorker {
  readonly sessionId: string
}

interface Attached extends ToWorker {
  /** The id is the thread's. */
  readonly workerInfo: { readonly workerId: string }
}

/** Sessions with all worker threads of this process. */
export class WorkerRecording {
  readonly #session: Session
  /** Thread ids by session. */
  readonly #workers = new Map<string, number>()
  readonly #waiting = new Map<number, () => void>()
  #lastId = 0

  private constructor(session: Session) {
    this.#session = session
  }

  /** Null in a worker, and where there is no inspector. */
  static start(): WorkerRecording | null {
    if (!isMainThread) return null
    const session = new Session()
    try {
      session.connect()
      const recording = new WorkerRecording(session)
      recording.#listen()
      session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
      return recording
    } catch {
      return null
    }
  }

  /**
   * Has all workers note the names of their stacks so far, and begin where they did not; ends when they have, or after a
   * moment.
   */
  async resolve(): Promise<void> {
    await this.#askAll((threadId) => recordExpression(fileOfAddon(), threadId))
  }

  /** Ends recording in all workers, and then the sessions. */
  stop(): void {
    void this.#askAll(() => STOP).then(() => {
      this.#session.disconnect()
    })
  }

  #listen(): void {
    this.#session.on('NodeWorker.attachedToWorker', ({ params }: { readonly params: Attached }) => {
      const threadId = Number(params.workerInfo.workerId)
      this.#workers.set(params.sessionId, threadId)
      void this.#ask(params.sessionId, recordExpression(fileOfAddon(), threadId))
    })
    this.#session.on('NodeWorker.detachedFromWorker', ({ params }: { readonly params: ToWorker }) => {
      this.#workers.delete(params.sessionId)
    })
    this.#session.on(
      'NodeWorker.receivedMessageFromWorker',
      ({ params }: { readonly params: { readonly message: string } }) => {
        const { id } = JSON.parse(params.message) as { readonly id?: number }
        this.#waiting.get(id ?? 0)?.()
      },
    )
  }

  async #askAll(expression: (threadId: number) => string): Promise<void> {
    await Promise.all(Array.from(this.#workers, ([sessionId, threadId]) => this.#ask(sessionId, expression(threadId))))
  }

  async #ask(sessionId: string, expression: string): Promise<void> {
    const id = ++this.#lastId
    const message = JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression, silent: true } })
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(id)
        resolve()
      }
      const timer = setTimeout(done, ANSWER_MS)
      this.#waiting.set(id, done)
      // Refused where the worker has just ended.
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, (error) => {
        if (error !== null) done()
      })
    })
  }
}

const STOP = `(() => {
  globalThis[${SYMBOL}]?.stop()
  delete globalThis[${SYMBOL}]
})()`

/** Begins, or notes names. A worker whose code uses a profiler by itself does so for itself. */
function recordExpression(addon: string, threadId: number): string {
  return `(() => {
    let stacks = globalThis[${SYMBOL}]
    if (stacks !== undefined) return stacks.pending() > 0 && stacks.resolve()
    const loaded = { exports: {} }
    process.dlopen(loaded, ${JSON.stringify(addon)})
    stacks = loaded.exports.javaScriptStacks
    if (stacks.isOn() || stacks.start(${threadId}) !== null) return
    Object.defineProperty(globalThis, ${SYMBOL}, { value: stacks, configurable: true })
  })()`
}
