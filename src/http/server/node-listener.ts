/**
 * From node:http to a fetch-style handler and back: what every mount on Node stands on.
 *
 * Rule: a request that is not below the base path costs one comparison of strings. Of the others, the address of the socket
 * is passed beside the Request, where no header can forge it; the body is read as the handler asks for it, and the answer
 * written as the client takes it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdminHandler } from './request-pipeline.js'
import { pathBelow } from './find-route.js'
import { HttpProblem, problemResponse } from './problem.js'
import { finish } from './respond.js'

/**
 * A listener of `node:http`, and a middleware of Express and its like. Without `next` what does not lie below the base path
 * is answered with 404. Of what lies below it, resolves when the answer was handed over; for the rest it returns what `next`
 * returns.
 */
export type NodeListener = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => unknown,
) => Promise<void> | undefined

/** A client that takes nothing more for so long has gone, whatever its socket says. */
const STALL_MS = 60_000

/**
 * Makes a listener of the handler: `http.createServer(toNodeListener(admin))`, or `app.use(toNodeListener(admin))`.
 *
 * @example
 * const app = express()
 * app.use(toNodeListener(createAdminHandler(coordinator)))
 */
export function toNodeListener(handler: AdminHandler): NodeListener {
  const { basePath } = handler
  return (request, response, next) => {
    const target = targetOf(request)
    const passOn = (): ReturnType<NodeListener> => {
      if (next !== undefined) return next() as ReturnType<NodeListener>
      response.writeHead(404, { 'content-length': '0' }).end()
      return undefined
    }
    // A request that is the service's own business goes on at once: no promise of ours, no frame that waits for all that follows.
    if (!target.startsWith(basePath) || pathBelow(basePath, pathOf(target)) === undefined) return passOn()
    return answerOf(handler, request, response, target).then((answer) =>
      answer === undefined ? passOn() : send(request, response, answer),
    )
  }
}

/** As the client sent it: routers of Express and its like take away from `url` what they have matched. */
function targetOf(request: IncomingMessage): string {
  const { originalUrl } = request as { originalUrl?: unknown }
  return typeof originalUrl === 'string' ? originalUrl : (request.url ?? '')
}

function pathOf(target: string): string {
  return target.split(/[?#]/, 1)[0] ?? ''
}

async function answerOf(
  handler: AdminHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  target: string,
): Promise<Response | undefined> {
  const left = new AbortController()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) left.abort()
  })
  try {
    const request = requestOf(incoming, target, left.signal)
    return await handler(request, { remoteAddress: incoming.socket.remoteAddress })
  } catch (error) {
    const problem =
      error instanceof HttpProblem ? error : new HttpProblem('ERR_HTTP_PATH', 'the request cannot be read')
    return finish(problemResponse(problem), incoming.method ?? 'GET', null)
  }
}

/** @throws HttpProblem for what would become another request on the way */
function requestOf(incoming: IncomingMessage, target: string, signal: AbortSignal): Request {
  const headers = headersOf(incoming)
  const host = headers.get('host') ?? 'unknown.invalid'
  const scheme = 'encrypted' in incoming.socket ? 'https' : 'http'
  const address = `${scheme}://${host}${target}`
  if (!/^[\w.\-[\]:]+$/.test(host) || !URL.canParse(address)) {
    throw new HttpProblem('ERR_HTTP_PATH', 'the Host of the request is none')
  }
  // A dot segment, a backslash or a stray character that this handler reads differently than a proxy before it.
  if (target.includes('#') || new URL(address).pathname !== pathOf(target)) {
    throw new HttpProblem('ERR_HTTP_PATH', 'the path has dot segments, or characters that must be percent-encoded')
  }
  const method = incoming.method ?? 'GET'
  if (method === 'TRACE' || method === 'TRACK' || method === 'CONNECT') {
    throw new HttpProblem('ERR_HTTP_METHOD', 'this method is not taken', {
      headers: { allow: 'GET, HEAD, POST, DELETE, OPTIONS' },
    })
  }
  const body = method === 'GET' || method === 'HEAD' ? null : bodyOf(incoming)
  return new Request(address, { method, headers, body, signal, ...(body === null ? {} : { duplex: 'half' }) })
}

/** The values of a repeated header are joined: they match nothing where one value is expected. */
function headersOf({ rawHeaders, headers: parsed }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    // Of HTTP/2.
    if (!name.startsWith(':')) headers.append(name, rawHeaders[index + 1] ?? '')
  }
  const authority = parsed[':authority']
  if (typeof authority === 'string' && !headers.has('host')) headers.set('host', authority)
  return headers
}

/** In HTTP/1 headers announce a body; from HTTP/2 on none need, and there is one unless the headers ended the request. */
function hasBody(incoming: IncomingMessage): boolean {
  const { headers, httpVersionMajor } = incoming
  if (httpVersionMajor < 2) {
    return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  }
  const { stream } = incoming as { stream?: { readonly endAfterHeaders?: boolean } }
  return stream?.endAfterHeaders !== true
}

/** The client's body, or the value that a body parser has made of it before. @throws HttpProblem `ERR_HTTP_BODY` */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> | string | null {
  if (!hasBody(incoming)) return null
  const { body } = incoming as { body?: unknown }
  if (!incoming.readableDidRead) return streamOf(incoming)
  if (typeof body === 'string') return body
  if (Buffer.isBuffer(body)) return body.toString()
  if (typeof body === 'object' && body !== null) return JSON.stringify(body)
  throw new HttpProblem('ERR_HTTP_BODY', 'the body was read by something before this handler')
}

/** Reads on demand, and leaves the socket alone when it is given up: an answer is still to be written. */
function streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const parts = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const part = await parts.next()
        if (part.done === true) controller.close()
        else controller.enqueue(part.value)
      },
      cancel() {
        // The part may never come: a client that gives up does not wait for it.
        void parts.return?.().catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

async function send(incoming: IncomingMessage, outgoing: ServerResponse, response: Response): Promise<void> {
  if (outgoing.destroyed || outgoing.headersSent) {
    await response.body?.cancel().catch(() => undefined)
    return
  }
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  // An unread rest of a request would have to be read before the next one.
  if (incoming.httpVersionMajor < 2 && !incoming.complete && hasBody(incoming)) headers['connection'] = 'close'
  outgoing.writeHead(response.status, headers)
  if (response.body === null) {
    outgoing.end()
    return
  }
  const reader = response.body.getReader()
  // A client that disconnects gets no more, also if the next part takes long.
  const onClose = (): void => void reader.cancel().catch(() => undefined)
  outgoing.once('close', onClose)
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (!outgoing.write(part.value)) await drained(outgoing)
    }
    outgoing.end()
  } catch {
    // Half an answer must not look like a whole one.
    outgoing.destroy()
  }
}

function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (outgoing.destroyed) {
      resolve()
      return
    }
    const done = (): void => {
      clearTimeout(timer)
      outgoing.off('drain', done).off('close', done)
      resolve()
    }
    const timer = setTimeout(() => {
      outgoing.destroy()
      done()
    }, STALL_MS).unref()
    outgoing.once('drain', done).once('close', done)
  })
}
