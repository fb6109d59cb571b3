/** A task for a request, told as it goes on: progress, then the result or the problem. */
import { isInternal, problemDocument, problemOf } from '../server/problem.js'
import { eventStreamResponse } from './event-stream.js'
import type { EndEvent } from './event-stream.js'
import type { AdminState } from './routes/route.js'

/**
 * Starts `task` and streams what is reported of it. What is refused at once is answered with its status; from then on the stream
 * tells. The signal is aborted when the reader leaves.
 *
 * @param ending the name of the last event, with the result
 */
export async function streamTask(
  { runs, settings }: AdminState,
  request: Request,
  ending: Exclude<EndEvent, 'problem'>,
  task: (signal: AbortSignal) => Promise<unknown>,
): Promise<Response> {
  const leave = new AbortController()
  const onAbort = (): void => {
    leave.abort()
  }
  request.signal.addEventListener('abort', onAbort, { once: true })
  if (request.signal.aborted) onAbort()
  const result = task(leave.signal).finally(() => {
    request.signal.removeEventListener('abort', onAbort)
  })
  const isRefused = result.then(
    () => false,
    () => true,
  )
  // A refusal is known before the loop turns; what is done takes at least one turn.
  const refused = await Promise.race([isRefused, new Promise<false>((resolve) => setImmediate(resolve, false))])
  if (refused) await result
  const end = result.then(
    (found) => ({ event: ending, data: JSON.stringify(found) }),
    (error: unknown) => {
      if (isInternal(error)) settings.onError(error)
      return { event: 'problem' as const, data: JSON.stringify(problemDocument(problemOf(error))) }
    },
  )
  return eventStreamResponse({
    subscribe: (listener) => runs.subscribe(listener),
    end,
    onLeft: () => {
      leave.abort()
    },
  })
}
