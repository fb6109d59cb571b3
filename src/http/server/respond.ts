/** Answers: bodies of the few kinds there are, and the headers that all of them carry. */
import { performance } from 'node:perf_hooks'

const COMMON: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
  vary: 'Accept, Authorization, Origin',
}
const NOTHING_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const encoder = new TextEncoder()

/** A body whose length is known. */
export function bytesResponse(
  body: Uint8Array<ArrayBuffer>,
  contentType: string,
  headers?: Readonly<Record<string, string>>,
): Response {
  return new Response(body, {
    headers: { 'content-type': contentType, 'content-length': String(body.length), ...headers },
  })
}

/** JSON, and a newline for terminals. */
export function jsonResponse(value: unknown, status = 200): Response {
  const body = encodeJson(value)
  return new Response(body, { status, headers: { 'content-type': JSON_TYPE, 'content-length': String(body.length) } })
}

/** The content type of JSON. */
export const JSON_TYPE = 'application/json'

/** A value as the bytes of an answer. */
export function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${JSON.stringify(value)}\n`)
}

/** Plain text. */
export function textResponse(content: string): Response {
  return bytesResponse(encodeText(content), TEXT_TYPE)
}

/** The content type of text. */
export const TEXT_TYPE = 'text/plain; charset=utf-8'

/** A text as the bytes of an answer. */
export function encodeText(content: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`${content}\n`)
}

/** A document, with the policy under which it was written. */
export function htmlResponse(content: string, contentSecurityPolicy: string): Response {
  return bytesResponse(encoder.encode(content), 'text/html; charset=utf-8', {
    'content-security-policy': contentSecurityPolicy,
  })
}

/** The answer with the headers that every answer carries, and without a body for HEAD. */
export function finish(response: Response, method: string, timings: Timings | null): Response {
  const headers = new Headers(response.headers)
  for (const [name, value] of Object.entries(COMMON)) headers.set(name, value)
  if (!headers.has('content-security-policy')) headers.set('content-security-policy', NOTHING_ALLOWED)
  if (timings !== null) headers.set('server-timing', timings.header())
  const { status } = response
  return new Response(method === 'HEAD' ? null : response.body, { status, headers })
}

/** How long each phase of a request took, for `Server-Timing`. */
export class Timings {
  readonly #phases: { readonly name: string; readonly ms: number }[] = []

  /** Times one phase; `name` is a token. */
  async time<T>(name: string, phase: () => T | Promise<T>): Promise<T> {
    const startMs = performance.now()
    try {
      return await phase()
    } finally {
      this.add(name, performance.now() - startMs)
    }
  }

  /** Adds a phase that was timed elsewhere. */
  add(name: string, ms: number): void {
    this.#phases.push({ name, ms })
  }

  /** The header's value. */
  header(): string {
    return this.#phases.map(({ name, ms }) => `${name};dur=${ms.toFixed(1)}`).join(', ')
  }
}
