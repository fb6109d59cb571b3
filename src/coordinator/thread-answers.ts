/**
 * A worker thread's answer when the main thread asks for its caches or its owners.
 *
 * Rule: one listener a thread, however many coordinators and copies of this package; it keeps no thread alive. What came too late to be
 * waited for is not begun.
 */
import v8 from 'node:v8'
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads'
import { addonOrNull } from '../allocator/binding.js'
import type { AttributionReport } from '../report/types.js'
import type { RowError } from '../report/values.js'
import { codeOf, reasonOf } from '../support/errors.js'
import { discover } from '../twin/discover/discover.js'
import { openCoordinators } from '../twin/discover/open-coordinators.js'
import { THREADS_CHANNEL, THREADS_PROTOCOL } from '../twin/threads/thread-protocol.js'
import type { ThreadAnswer, ThreadQuestion } from '../twin/threads/thread-protocol.js'

interface Runs {
  attribute(options: object): Promise<AttributionReport>
}

const KEY = Symbol.for('cache-attribution.thread-answers')

type Holder = Record<symbol, { uses: number; readonly close: () => void } | undefined>

/** Answers from now on, in a worker; returns what ends it. The main thread asks itself without a channel. */
export function answerThreads(): () => void {
  if (isMainThread) return () => undefined
  const holder = globalThis as unknown as Holder
  const listening = (holder[KEY] ??= { uses: 0, close: listen() })
  listening.uses++
  return () => {
    if (--listening.uses > 0 || holder[KEY] !== listening) return
    Reflect.deleteProperty(holder, KEY)
    listening.close()
  }
}

function listen(): () => void {
  const channel = new BroadcastChannel(THREADS_CHANNEL) as BroadcastChannel & { unref(): void }
  const threads = addonOrNull()?.threads
  let abort = new AbortController()
  channel.onmessage = ({ data }: { readonly data?: unknown }) => {
    const question = data as Partial<ThreadQuestion> | null | undefined
    if (question?.to !== threadId || typeof question.reply !== 'string') return
    if (question.kind === 'abort') {
      abort.abort()
      return
    }
    abort = new AbortController()
    void answer(question as ThreadQuestion, abort.signal)
  }
  channel.unref()
  threads?.answer(1)
  return () => {
    threads?.answer(-1)
    channel.close()
  }
}

type Ended = Partial<Pick<ThreadAnswer, 'reports' | 'discovery' | 'error'>>

async function answer(question: ThreadQuestion, signal: AbortSignal): Promise<void> {
  const { protocol, untilMs, reply } = question
  if (Date.now() > untilMs) return
  const channel = new BroadcastChannel(reply)
  const post = (kind: ThreadAnswer['kind'], { reports = [], discovery = null, error = null }: Ended = {}): void => {
    const { used_heap_size: heapUsedBytes, total_heap_size: heapTotalBytes } = v8.getHeapStatistics()
    const facts = { protocol: THREADS_PROTOCOL, kind, threadId, heapUsedBytes, heapTotalBytes }
    channel.postMessage({ ...facts, reports, discovery, error } satisfies ThreadAnswer)
  }
  try {
    post('begun')
    if (protocol !== THREADS_PROTOCOL) {
      const message = `this thread has another version of the package: it speaks ${String(THREADS_PROTOCOL)}, and was asked in ${String(protocol)}`
      post('ended', { error: { code: 'ERR_THREAD_ANSWER', message } })
      return
    }
    post('ended', await fulfil(question, signal))
  } catch {
    // Its report cannot be cloned, or the thread ends: the other side does not wait for ever.
  } finally {
    channel.close()
  }
}

async function fulfil({ kind, options }: ThreadQuestion, signal: AbortSignal): Promise<Ended> {
  if (kind === 'discover') return discoverHere({ ...options, signal })
  const [reports, error] = await attributeHere({ ...options, signal })
  return { reports, error }
}

async function discoverHere(options: object): Promise<Ended> {
  try {
    return { discovery: JSON.parse(JSON.stringify(await discover(options))) as Ended['discovery'] & object }
  } catch (error) {
    return { error: errorOf(error) }
  }
}

/** Runs every coordinator of this thread, one after the other; a failure ends it. */
export async function attributeHere(options: object): Promise<[readonly AttributionReport[], RowError | null]> {
  const reports: AttributionReport[] = []
  try {
    for (const coordinator of openCoordinators.all() as unknown as Runs[]) {
      reports.push(JSON.parse(JSON.stringify(await coordinator.attribute(options))) as AttributionReport)
    }
    return [reports, null]
  } catch (error) {
    return [reports, errorOf(error)]
  }
}

function errorOf(error: unknown): RowError {
  return { code: codeOf(error) ?? 'ERR_THREAD_ANSWER', message: reasonOf(error) }
}
