/** Failures in words: from a problem document (RFC 9457), a bare status, or a server that does not answer. */

/** The page's words for a failure. */
export interface Problem {
  readonly title: string
  readonly detail: string
  /** The library's code, or null where the answer had none. */
  readonly code: string | null
  readonly status: number | null
  /** The advice. */
  readonly cure: string | null
  readonly retryAfterSeconds: number | null
  /** The run that is in the way. */
  readonly runId: string | null
}

/** The answer as far as it matters. */
export interface FailedAnswer {
  readonly status: number
  readonly body: string
  readonly retryAfter: string | null
}

/** Code → cure, of docs/reference/errors.md. */
export type Cures = Readonly<Record<string, string>>

/** Status → title and cure, where neither the body nor its code say it. */
const STATUSES: Readonly<Record<number, { readonly title: string; readonly cure: string }>> = {
  401: { title: 'You are not signed in', cure: 'Reload this page; the browser asks for the token then.' },
  403: {
    title: 'This is not allowed',
    cure: 'Open the page from the machine itself (127.0.0.1), or ask its operator for a token that may do this.',
  },
  404: { title: 'This was not found', cure: 'It may have been dropped in the meantime: reload this page.' },
  405: {
    title: 'The server does not accept this request method',
    cure: 'Reload this page: it may be older than the server.',
  },
  409: { title: 'Another run is under way', cure: 'Wait for its end, or abort it, then start again.' },
  429: { title: 'Too soon after the last release', cure: 'Wait for the cool-down to pass, or measure in a twin.' },
  500: { title: 'The server failed', cure: 'Read the log of the process.' },
  503: { title: 'The server cannot do this now', cure: 'Try again in a moment.' },
}

/** The problem in an answer with a status of failure. */
export function problemOfAnswer({ status, body, retryAfter }: FailedAnswer, cures: Cures): Problem {
  const document = parseObject(body)
  const text = (key: string): string | null => {
    const value = document[key]
    return typeof value === 'string' && value !== '' ? value : null
  }
  const code = text('code')
  const known = STATUSES[status] ?? STATUSES[status >= 500 ? 503 : 404]
  return {
    title: text('title') ?? known?.title ?? `The server answered ${String(status)}`,
    detail: text('detail') ?? '',
    code,
    status,
    cure: (code === null ? undefined : cures[code]) ?? known?.cure ?? null,
    retryAfterSeconds: seconds(retryAfter),
    runId: text('runId'),
  }
}

/** A `problem` event of a stream: a problem document without an answer's head. */
export function problemOfDocument(body: string, cures: Cures): Problem {
  const { status } = parseObject(body)
  return problemOfAnswer({ status: typeof status === 'number' ? status : 500, body, retryAfter: null }, cures)
}

/** Nothing came back, or it broke off. */
export function problemOfSilence(what: string): Problem {
  return {
    title: 'The server does not answer',
    detail: what,
    code: null,
    status: null,
    cure: 'This page keeps trying. If the process was restarted, it comes back by itself.',
    retryAfterSeconds: null,
    runId: null,
  }
}

function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function seconds(retryAfter: string | null): number | null {
  return retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null
}
