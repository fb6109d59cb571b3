/**
 * Sessions with the worker threads of the other process, through that with its main thread.
 *
 * Rule: what is said to a worker is wrapped, and nothing is enabled in it; a worker that ends loses its session alone.
 */
import { messageOf } from '../../support/errors.js'
import { InspectorSession } from './inspector-session.js'
import type { InspectorTransport } from './inspector-session.js'

/** A worker thread, and the way to it. */
export interface WorkerTarget {
  /** As `worker_threads.threadId`. */
  readonly threadId: number
  /** The name that it was made with; null where it has none. */
  readonly name: string | null
  readonly session: InspectorSession
}

type Listener = (event: string) => void

/** The reason that a session ends with where its worker did. */
export const WORKER_ENDED = 'the worker has ended'

/** One worker's end of the main thread's connection. */
class WorkerTransport implements InspectorTransport {
  readonly #send: (message: string) => void
  readonly #texts: Listener[] = []
  readonly #ends: Listener[] = []

  constructor(send: (message: string) => void) {
    this.#send = send
  }

  on(event: 'text' | 'end', listener: Listener): void {
    ;(event === 'text' ? this.#texts : this.#ends).push(listener)
  }

  send(message: string): void {
    this.#send(message)
  }

  close(): void {
    this.end('the session was closed')
  }

  take(text: string): void {
    for (const listener of this.#texts) listener(text)
  }

  end(reason: string): void {
    for (const listener of this.#ends.splice(0)) listener(reason)
  }
}

/** The workers that run now. A worker that begins later has no session. @throws SessionError */
export async function openWorkerSessions(session: InspectorSession, timeoutMs: number): Promise<WorkerTarget[]> {
  const transports = new Map<string, WorkerTransport>()
  const workers: WorkerTarget[] = []
  session.onNotice((method, params) => {
    const { sessionId, message, workerInfo } = params
    if (typeof sessionId !== 'string') return
    if (method === 'NodeWorker.attachedToWorker') {
      const transport = new WorkerTransport((text) => {
        const parameters = { sessionId, message: text }
        void session.command('NodeWorker.sendMessageToWorker', parameters, timeoutMs).catch((error: unknown) => {
          transport.end(messageOf(error))
        })
      })
      transports.set(sessionId, transport)
      workers.push({ ...identityOf(workerInfo), session: new InspectorSession(transport, session.port) })
    } else if (method === 'NodeWorker.receivedMessageFromWorker' && typeof message === 'string') {
      transports.get(sessionId)?.take(message)
    } else if (method === 'NodeWorker.detachedFromWorker') {
      transports.get(sessionId)?.end(WORKER_ENDED)
    }
  })
  await session.command('NodeWorker.enable', { waitForDebuggerOnStart: false }, timeoutMs)
  return workers.toSorted((a, b) => a.threadId - b.threadId)
}

/** Node gives a worker without a name the name of its class. */
const UNNAMED = new Set(['', 'WorkerThread'])

/** The id is the title's: `workerId` counts the sessions, which are not in the order of the threads. */
function identityOf(info: unknown): Pick<WorkerTarget, 'threadId' | 'name'> {
  const { workerId, title } = (info ?? {}) as { readonly workerId?: unknown; readonly title?: unknown }
  const [whole = '', id] = /^\[worker (\d+)\] ?/.exec(String(title)) ?? []
  const name = typeof title === 'string' ? title.slice(whole.length) : ''
  return { threadId: Number(id ?? workerId), name: UNNAMED.has(name) ? null : name }
}
