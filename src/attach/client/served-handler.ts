/**
 * The admin handler of another process on this side: requests are admitted here and answered by the agent there.
 *
 * Rule: nobody reaches the agent who was not let in, and what a client left is ended there.
 */
import { adminPage } from '../../http/admin/admin-page.js'
import { negotiate } from '../../http/server/negotiate.js'
import { admit } from '../../http/server/authorization.js'
import type { Authorize } from '../../http/server/authorization.js'
import { bodyText } from '../../http/server/body.js'
import { requestPipeline } from '../../http/server/request-pipeline.js'
import type { AdminHandler, Admitted } from '../../http/server/request-pipeline.js'
import { htmlResponse } from '../../http/server/respond.js'
import { checkReader } from '../../http/server/same-origin.js'
import type { ServedAnswer, ServedPart, ServedRequest, AgentTask } from '../protocol.js'

/** Asks the agent. */
export type AskAgent = (task: AgentTask, options: Readonly<Record<string, unknown>>) => Promise<unknown>

/** The parts of the handler. */
export interface ServedHandlerOptions {
  /** As of the admin handler: without it this machine alone is served. */
  readonly authorize: Authorize | undefined
  /** Told what went wrong, here and in the process. */
  readonly onError: (error: unknown) => void
}

/** Where the page is, as of any admin handler. */
export const SERVED_PATH = '/debug/memory'
const BODY_BOUNDS = { bodyBytes: 65_536, bodyTimeoutMs: 10_000 }
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])
/** As `GET /` has them: a terminal gets text. */
const FORMS = ['text/plain', 'application/json', 'text/html'] as const

/** The handler; an agent that serves is asked. */
export function servedHandler(ask: AskAgent, { authorize, onError }: ServedHandlerOptions): AdminHandler {
  let count = 0
  return requestPipeline({
    basePath: SERVED_PATH,
    onError,
    // The agent's are in its answers.
    hasTimings: false,
    admit: (request, connection) => admit(authorize, request, connection),
    answer: (admitted) => pageFor(admitted) ?? forward(ask, ++count, admitted, onError),
    close: () => Promise.resolve(),
  })
}

/** The document is this package's: the other process may not see its file. */
function pageFor({ request, below }: Admitted): Promise<Response> | null {
  const isRoot = below === '/' && (request.method === 'GET' || request.method === 'HEAD')
  if (!isRoot || negotiate(request.headers.get('accept'), FORMS) !== 'text/html') return null
  checkReader(request, [])
  return adminPage().then(({ html: content, contentSecurityPolicy }) => htmlResponse(content, contentSecurityPolicy))
}

async function forward(
  ask: AskAgent,
  id: number,
  { request }: Admitted,
  onError: (error: unknown) => void,
): Promise<Response> {
  const { method, url, signal } = request
  const body = WITHOUT_BODY.has(method) ? '' : await bodyText(request, BODY_BOUNDS)
  const sent: ServedRequest = { id, method, url, headers: [...request.headers], body: body === '' ? null : body }
  const leave = (): void => {
    void ask('leave', { id }).catch(() => undefined)
  }
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  const { status, headers, body: first, hasMore, errors } = (await ask('request', { ...sent })) as ServedAnswer
  for (const error of errors) onError(error)
  const init = { status, headers: headers.map(([name, value]): [string, string] => [name, value]) }
  if (hasMore) return new Response(restOf(ask, id, leave), init)
  signal.removeEventListener('abort', leave)
  return new Response(first === '' ? null : Buffer.from(first, 'base64'), init)
}

function restOf(ask: AskAgent, id: number, leave: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const part = (await ask('read', { id })) as ServedPart
        if (part === null) controller.close()
        else controller.enqueue(Buffer.from(part, 'base64'))
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  )
}
