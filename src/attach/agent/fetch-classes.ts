/**
 * `Headers`, `Request` and `Response` as the admin handler uses them. tools/build-agent.mjs puts them in the place of Node's own in
 * the agent: those load undici, which leaves a global behind for good, and frameworks replace them.
 *
 * Rule: members that the handler does not use are missing.
 */

type HeadersInit = Iterable<readonly [string, string]> | Readonly<Record<string, string>>

/** Names in lower case; the values of a repeated one are joined. */
export class Headers implements Iterable<[string, string]> {
  readonly #values = new Map<string, string>()

  constructor(init: HeadersInit = []) {
    const pairs = Symbol.iterator in init ? (init as Iterable<readonly [string, string]>) : Object.entries(init)
    for (const [name, value] of pairs) {
      const known = this.get(name)
      this.set(name, known === null ? value : `${known}, ${value}`)
    }
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase())
  }

  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), value)
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#values.entries()
  }
}

type BodyInit = string | Uint8Array | ReadableStream<Uint8Array> | null | undefined

/** An answer. */
export class Response {
  readonly status: number
  readonly headers: Headers
  readonly body: ReadableStream<Uint8Array> | null

  constructor(body?: BodyInit, { status = 200, headers }: { status?: number; headers?: HeadersInit } = {}) {
    this.status = status
    this.headers = new Headers(headers)
    this.body = streamOf(body)
  }
}

/** A question. */
export class Request {
  readonly method: string
  readonly url: string
  readonly headers: Headers
  readonly signal: AbortSignal
  readonly body: ReadableStream<Uint8Array> | null
  readonly bodyUsed = false

  constructor(
    url: string,
    init: {
      readonly method: string
      readonly headers: HeadersInit
      readonly body: BodyInit
      readonly signal: AbortSignal
    },
  ) {
    this.url = url
    this.method = init.method
    this.headers = new Headers(init.headers)
    this.signal = init.signal
    this.body = streamOf(init.body)
  }
}

function streamOf(body: BodyInit): ReadableStream<Uint8Array> | null {
  if (body === null || body === undefined) return null
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return body
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  return new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(bytes)
      controller.close()
    },
  })
}
