/**
 * Asks one thread, and waits for its answer.
 *
 * Rule: no thread is waited for beyond its bounds: one whose loop is blocked, that ends, or that says what is no answer is a failure with a code.
 */
import { randomUUID } from 'node:crypto'
import { BroadcastChannel } from 'node:worker_threads'
import type { ThreadsBinding } from '../../allocator/port.js'
import type { ErrorCode } from '../../support/errors.js'
import { THREADS_CHANNEL, THREADS_PROTOCOL } from './thread-protocol.js'
import type { AskedThread, ThreadAnswer, ThreadQuestion, ThreadWish } from './thread-protocol.js'

/** How long a thread is waited for. */
export interface ThreadBounds {
  readonly answerTimeoutMs: number
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

const POLL_MS = 50

/** One thread's answer to a wish; never rejects. */
export async function askThread(
  threads: ThreadsBinding,
  threadId: number,
  wish: ThreadWish,
  options: object,
  bounds: ThreadBounds,
): Promise<AskedThread> {
  const reply = `${THREADS_CHANNEL}.${randomUUID()}`
  const [questions, answers] = [new BroadcastChannel(THREADS_CHANNEL), new BroadcastChannel(reply)]
  const ask = (kind: ThreadQuestion['kind']): void => {
    const untilMs = Date.now() + bounds.answerTimeoutMs
    questions.postMessage({ protocol: THREADS_PROTOCOL, kind, to: threadId, reply, untilMs, options })
  }
  let timer: NodeJS.Timeout | undefined
  try {
    const result = await new Promise<AskedThread>((resolve) => {
      const startedMs = performance.now()
      let hasBegun = false
      const end = (code: ErrorCode, message: string): void => {
        ask('abort')
        resolve(failed(threadId, code, message))
      }
      answers.onmessage = ({ data }: { readonly data?: unknown }) => {
        if (!isAnswer(data, threadId)) {
          end('ERR_THREAD_ANSWER', 'what it answered is no answer: another version of the package, or not this package')
          return
        }
        hasBegun = true
        if (data.kind === 'ended') resolve(resultOf(data))
      }
      timer = setInterval(() => {
        const waitedMs = performance.now() - startedMs
        if (bounds.signal?.aborted === true) end('ERR_RUN_ABORTED', 'the call was aborted')
        else if (threads.list()?.every((thread) => thread.threadId !== threadId) === true) {
          end('ERR_THREAD_ENDED', 'the thread ended before it answered')
        } else if (!hasBegun && waitedMs > bounds.answerTimeoutMs) {
          end(
            'ERR_THREAD_SILENT',
            `it did not answer within ${String(bounds.answerTimeoutMs)} ms: its event loop is blocked`,
          )
        } else if (waitedMs > bounds.timeoutMs) {
          end('ERR_THREAD_SILENT', `its run did not end within ${String(bounds.timeoutMs)} ms`)
        }
      }, POLL_MS)
      ask(wish)
    })
    return result
  } finally {
    clearInterval(timer)
    questions.close()
    answers.close()
  }
}

/** A thread of which nothing is known but why. */
function failed(threadId: number, code: ErrorCode, message: string): AskedThread {
  return {
    threadId,
    status: 'failed',
    heapUsedBytes: null,
    heapTotalBytes: null,
    reports: [],
    discovery: null,
    error: { code, message },
  }
}

function resultOf({ error, ...answer }: ThreadAnswer): AskedThread {
  const { threadId, heapUsedBytes, heapTotalBytes, reports, discovery } = answer
  const status = error === null ? 'measured' : 'failed'
  const rest = error === null ? {} : { error }
  return { threadId, status, heapUsedBytes, heapTotalBytes, reports, discovery, ...rest }
}

/** Anything may be posted to a channel by anybody. */
function isAnswer(data: unknown, threadId: number): data is ThreadAnswer {
  const answer = data as Partial<ThreadAnswer> | null | undefined
  const isBytes = (value: unknown): boolean => typeof value === 'number' && value >= 0
  return (
    answer?.protocol === THREADS_PROTOCOL &&
    answer.threadId === threadId &&
    (answer.kind === 'begun' || answer.kind === 'ended') &&
    isBytes(answer.heapUsedBytes) &&
    isBytes(answer.heapTotalBytes) &&
    Array.isArray(answer.reports) &&
    answer.reports.every((report) => Array.isArray((report as { caches?: unknown } | null)?.caches)) &&
    isDiscovery(answer.discovery) &&
    (answer.error === null || typeof answer.error?.message === 'string')
  )
}

function isDiscovery(value: unknown): boolean {
  const discovery = value as { owners?: unknown; warnings?: unknown } | null | undefined
  return discovery === null || (Array.isArray(discovery?.owners) && Array.isArray(discovery.warnings))
}
