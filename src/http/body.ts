/**
 * The body of a request: JSON, short, and in time.
 *
 * Rule: it is read to the end of its bound and no further, and nothing is guessed: a key that stands twice is refused, since
 * others on the way may have read the other one.
 */
import { repeatedKey } from './json-keys.js'
import { mediaTypeOf } from './cross-site.js'
import { HttpProblem } from './problem.js'
import { describe } from '../support/errors.js'

/** The bounds of a body. */
export interface BodyBounds {
  readonly bodyBytes: number
  readonly bodyTimeoutMs: number
}

/** The body as an object; empty where there is none. @throws HttpProblem */
export async function readJsonBody(request: Request, bounds: BodyBounds): Promise<Record<string, unknown>> {
  const { headers } = request
  const type = mediaTypeOf(headers.get('content-type'))
  if ((type !== '' && type !== 'application/json') || headers.has('content-encoding')) throw notJson()
  if (Number(headers.get('content-length') ?? 0) > bounds.bodyBytes) throw tooLarge(bounds)
  const content = request.body === null ? '' : await readText(request.body, bounds)
  if (content.trim() === '') return {}
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
