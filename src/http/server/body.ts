/**
 * The body of a request: JSON, short, and in time.
 *
 * Rule: it is read to the end of its bound and no further, and nothing is guessed. A body that was sent and not understood
 * never widens a request: one that is announced and does not come is refused, and so is a key that stands twice, since others
 * on the way may have read the other one.
 */
import { repeatedKey } from './json-keys.js'
import { mediaTypeOf } from './same-origin.js'
import { HttpProblem } from './problem.js'
import { describe } from '../../support/errors.js'

/** The bounds of a body. */
export interface BodyBounds {
  readonly bodyBytes: number
  readonly bodyTimeoutMs: number
}

/** The body as an object; empty where there is none. @throws HttpProblem `ERR_HTTP_BODY`, `ERR_HTTP_BODY_SIZE`, `ERR_HTTP_MEDIA_TYPE` */
export async function readJsonBody(request: Request, bounds: BodyBounds): Promise<Record<string, unknown>> {
  const { headers } = request
  const type = mediaTypeOf(headers.get('content-type'))
  if ((type !== '' && type !== 'application/json') || headers.has('content-encoding')) throw notJson()
  const content = await bodyText(request, bounds)
  if (content === '') {
    if (type === '') return {}
    throw new HttpProblem('ERR_HTTP_BODY', 'the body is empty, and was announced as JSON: send {}, or no content-type')
  }
  if (type === '') throw notJson()
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    throw new HttpProblem('ERR_HTTP_BODY', 'the body is no JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpProblem('ERR_HTTP_BODY', `the body must be an object, got ${describe(value)}`)
  }
  const repeated = repeatedKey(content)
  if (repeated !== undefined) {
    throw new HttpProblem('ERR_HTTP_PARAMETER', `${describe(repeated)} stands in the body twice`)
  }
  return value as Record<string, unknown>
}

/** For an address that takes no body. @throws HttpProblem as {@link readJsonBody} */
export async function refuseBody(request: Request, bounds: BodyBounds): Promise<void> {
  if ((await bodyText(request, bounds)) !== '') throw new HttpProblem('ERR_HTTP_BODY', 'this address takes no body')
}

/**
 * The client's body as text; empty where it sent nothing.
 *
 * @throws HttpProblem `ERR_HTTP_BODY`, `ERR_HTTP_BODY_SIZE`
 */
export async function bodyText({ headers, body, bodyUsed }: Request, bounds: BodyBounds): Promise<string> {
  const length = Number(headers.get('content-length') ?? 0)
  if (length > bounds.bodyBytes) throw tooLarge(bounds)
  // Frameworks hand out requests of their own, whose body may be undefined.
  const stream = body as ReadableStream<Uint8Array> | null | undefined
  if (bodyUsed || stream?.locked === true) {
    throw new HttpProblem('ERR_HTTP_BODY', 'the body was read by something before this handler')
  }
  const content = stream == null ? '' : await readText(stream, bounds)
  const isMissing = content === '' && (length > 0 || (stream == null && headers.has('transfer-encoding')))
  if (isMissing)
    throw new HttpProblem('ERR_HTTP_BODY', 'the headers announce a body, and it did not reach this handler')
  return content
}

async function readText(body: ReadableStream<Uint8Array>, bounds: BodyBounds): Promise<string> {
  const reader = body.getReader()
  const clock = { isLate: false }
  const timer = setTimeout(() => {
    clock.isLate = true
    void reader.cancel().catch(() => undefined)
  }, bounds.bodyTimeoutMs).unref()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      length += part.value.byteLength
      if (length > bounds.bodyBytes) throw tooLarge(bounds)
      chunks.push(part.value)
    }
    if (clock.isLate) {
      throw new HttpProblem('ERR_HTTP_BODY', `the body did not come within ${String(bounds.bodyTimeoutMs)} ms`, {
        status: 408,
      })
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch (error) {
    void reader.cancel().catch(() => undefined)
    if (error instanceof HttpProblem) throw error
    throw new HttpProblem('ERR_HTTP_BODY', 'the body broke off, or is no UTF-8')
  } finally {
    clearTimeout(timer)
  }
}

function notJson(): HttpProblem {
  return new HttpProblem('ERR_HTTP_MEDIA_TYPE', 'a body must be application/json, and not encoded otherwise')
}

function tooLarge({ bodyBytes }: BodyBounds): HttpProblem {
  return new HttpProblem('ERR_HTTP_BODY_SIZE', `a body may have ${String(bodyBytes)} bytes`)
}
