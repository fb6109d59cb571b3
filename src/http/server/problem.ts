/**
 * What goes wrong, as RFC 9457 has it: problem documents with the library's codes.
 *
 * Rule: the words of this library's own errors are told; of any other error nothing is, neither its message nor its stack.
 */
import { CacheAttributionError, ERROR_CODES } from '../../support/errors.js'
import type { ErrorCode } from '../../support/errors.js'

/** A problem as it is told: members beside those of RFC 9457 under their own names. */
export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: ErrorCode
  readonly [extra: string]: unknown
}

/** What a problem has beside its code and its words. */
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
const STATUS: Partial<Record<ErrorCode, number>> = {
  ERR_OPTION_UNKNOWN: 400,
  ERR_OPTION_TYPE: 400,
  ERR_OPTION_RANGE: 400,
  ERR_CACHE_UNKNOWN: 404,
  ERR_RUN_IN_PROGRESS: 409,
  ERR_RUN_REENTRANT: 409,
  ERR_RUN_ABORTED: 409,
  ERR_CLOSED: 503,
  ERR_BREAKDOWN_UNAVAILABLE: 404,
  ERR_TWIN_UNSUPPORTED: 501,
  ERR_TWIN_MEMORY: 503,
  ERR_TWIN_FORK: 503,
  ERR_HEAP_SNAPSHOT_WRITE: 507,
  ERR_PROFILING_ALLOCATOR: 501,
  ERR_PROFILING_BUILD: 501,
  ERR_PROFILING_START: 501,
  ERR_PROFILING_THREADS: 501,
  ERR_PROFILING_OFF: 409,
  ERR_PROFILE_IN_PROGRESS: 409,
  ERR_PROFILER_IN_USE: 409,
  ERR_PROFILE_ABORTED: 409,
  ERR_PROFILE_DUMP: 507,
  ERR_PROFILE_BASE: 422,
  ERR_DUMP_UNKNOWN: 404,
  ERR_HTTP_UNAUTHENTICATED: 401,
  ERR_HTTP_FORBIDDEN: 403,
  ERR_HTTP_CROSS_ORIGIN: 403,
  ERR_HTTP_NOT_FOUND: 404,
  ERR_HTTP_METHOD: 405,
  ERR_HTTP_NOT_ACCEPTABLE: 406,
  ERR_HTTP_MEDIA_TYPE: 415,
  ERR_HTTP_BODY: 400,
  ERR_HTTP_BODY_SIZE: 413,
  ERR_HTTP_PATH: 400,
  ERR_HTTP_PARAMETER: 400,
  ERR_HTTP_MODE_NEEDED: 422,
  ERR_HTTP_COOL_DOWN: 429,
}

/** The problem of anything that was thrown. */
export function problemOf(thrown: unknown): HttpProblem {
  if (thrown instanceof HttpProblem) return thrown
  if (thrown instanceof CacheAttributionError) {
    return new HttpProblem(thrown.code, thrown.reason)
  }
  return new HttpProblem('ERR_HTTP_INTERNAL', 'the request failed; the process that was asked knows why')
}

/** Whether the process's own log should hear of it. */
export function isInternal(thrown: unknown): boolean {
  return !(thrown instanceof CacheAttributionError)
}

/** The document of a problem. */
export function documentOf({ code, reason, parts }: HttpProblem): ProblemDocument {
  return {
    type: `urn:cache-attribution:${code}`,
    title: ERROR_CODES[code],
    status: parts.status ?? STATUS[code] ?? INTERNAL,
    detail: reason,
    code,
    ...parts.extra,
  }
}

/** The answer to a request that has this problem. */
export function problemResponse(problem: HttpProblem): Response {
  const document = documentOf(problem)
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
