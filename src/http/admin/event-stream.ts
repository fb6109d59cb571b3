/**
 * Live progress as text/event-stream, ending with the result or with the problem.
 *
 * Rule: a slow reader misses progress, never the result, and costs a bounded amount of memory; a reader that leaves is
 * not waited for.
 */
import type { Progress } from './run-tracker.js'

/** The last event: a run's report, a discovery, or the problem. */
export type EndEvent = 'report' | 'discovery' | 'problem'

/** The subject of a stream. */
export interface StreamSource {
  /** Starts to listen; what was reported so far is reported again. Returns what ends it. */
  readonly subscribe: (listener: (progress: Progress) => void) => () => void
  /** The last message. Never rejects. */
  readonly end: Promise<{ readonly event: EndEvent; readonly data: string }>
  /** The reader went away. */
  readonly onLeft: () => void
}

const HEARTBEAT_MS = 15_000
const BUFFER_BYTES = 64 * 1024
/** Progress beyond so much that nobody read is left out. */
const BACKLOG_BYTES_MAX = 1024 * 1024

/** The answer that tells it. */
export function eventStreamResponse(source: StreamSource): Response {
  return new Response(eventStream(source), {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' },
  })
}

function eventStream({ subscribe, end, onLeft }: StreamSource): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let stop = (): void => undefined
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let id = 0
        const enqueue = (event: string, data: string): void => {
          controller.enqueue(encoder.encode(`id: ${String(++id)}\nevent: ${event}\ndata: ${data}\n\n`))
        }
        const isBehind = (): boolean => (controller.desiredSize ?? 0) < -BACKLOG_BYTES_MAX
        const unsubscribe = subscribe(({ event, data }) => {
          if (!isBehind()) enqueue(event, data)
        })
        const heartbeat = setInterval(() => {
          if (!isBehind()) controller.enqueue(encoder.encode(': still at it\n\n'))
        }, HEARTBEAT_MS).unref()
        let isStopped = false
        stop = () => {
          isStopped = true
          clearInterval(heartbeat)
          unsubscribe()
        }
        void end.then(({ event, data }) => {
          if (isStopped) return
          stop()
          enqueue(event, data)
          controller.close()
        })
      },
      cancel() {
        stop()
        onLeft()
      },
    },
    { highWaterMark: BUFFER_BYTES, size: (chunk) => chunk.byteLength },
  )
}
