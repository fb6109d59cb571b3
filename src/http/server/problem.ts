/**
 * Problems as RFC 9457 has them: documents with the library's codes.
 *
 * Rule: the words of this library's own errors are reported; of any other error nothing is, neither its message nor its stack.
 */
import { ERROR_TABLE } from '../../support/error-table/error-table.js'
import { CacheAttributionError, codeOf, reasonOf } from '../../support/errors.js'
import type { ErrorCode } from '../../support/errors.js'

/** A problem as it is reported: members beside those of RFC 9457 under their own names. */
export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly [extra: string]: unknown
}

/** The members of a problem beside its code and its words. */
export interface ProblemParts {
  /** Members of the document. */
  readonly extra?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** Where it differs from that of the code. */
  readonly status?: number
}

/** An error of the HTTP side: carries what the answer needs. */
export class HttpProblem extends CacheAttributionError {
  readonly parts: ProblemParts

  constructor(code: ErrorCode, message: string, parts: ProblemParts = {}) {
    super(code, message)
    this.parts = parts
  }
}

const INTERNAL = 500

/** The problem of anything that was thrown. */
export function problemOf(thrown: unknown): HttpProblem {
  if (thrown instanceof HttpProblem) return thrown
  const code = codeOf(thrown)
  if (code !== null) return new HttpProblem(code, reasonOf(thrown))
  return new HttpProblem('ERR_HTTP_INTERNAL', 'the request failed; the process that was asked knows why')
}

/** Whether it belongs into the process's own log. */
export function isInternal(thrown: unknown): boolean {
  return codeOf(thrown) === null
}

/** The document of a problem. */
export function problemDocument({ code, reason, parts }: HttpProblem): ProblemDocument {
  return {
    type: `urn:cache-attribution:${code}`,
    title: ERROR_TABLE[code].gist,
    status: parts.status ?? ERROR_TABLE[code].status ?? INTERNAL,
    detail: reason,
    code,
    ...parts.extra,
  }
}

/** The answer to a request that has this problem. */
export function problemResponse(problem: HttpProblem): Response {
  const document = problemDocument(problem)
  const body = new TextEncoder().encode(`${JSON.stringify(document)}\n`)
  return new Response(body, {
    status: document.status,
    headers: {
      'content-type': 'application/problem+json',
      'content-length': String(body.length),
      ...problem.parts.headers,
    },
  })
}
