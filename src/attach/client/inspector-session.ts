/**
 * A session with the inspector of another process: evaluates expressions there.
 *
 * Rule: no domain is enabled, so that the other process does nothing but evaluate; every wait ends.
 */
import { get } from 'node:http'
import { WebSocketClient } from './web-socket.js'

/** Why a session gave no answer. */
export class SessionError extends Error {
  /** `lost`: the connection ended; `silent`: no answer in time; `refused`: the expression threw, or was not understood. */
  readonly kind: 'lost' | 'silent' | 'refused'

  constructor(kind: SessionError['kind'], message: string) {
    super(message)
    this.kind = kind
  }
}

/** The inspector at `host:port`, as it describes itself. */
export interface InspectorTarget {
  readonly webSocketUrl: URL
  /** `node.js/v20.20.2` */
  readonly browser: string
}

interface Pending {
  readonly resolve: (result: Record<string, unknown>) => void
  readonly reject: (error: SessionError) => void
}

/** What carries a session: a WebSocket, or the session of the thread above. */
export interface InspectorTransport {
  on(event: 'text' | 'end', listener: (text: string) => void): void
  send(message: string): void
  close(): void
}

/** Told what was not asked for. */
type NoticeListener = (method: string, params: Readonly<Record<string, unknown>>) => void

const ANSWER_BYTES_MAX = 1024 * 1024

/** How a method is called. */
export interface CallOptions {
  /** @default none */
  readonly timeoutMs?: number
  /** Whether a handle of what it gives is asked for, in place of its value. @default false */
  readonly keep?: boolean
  /** Whether it gives a promise. @default false */
  readonly isAsync?: boolean
}

/** One session. */
export class InspectorSession {
  /** Where the inspector listens. */
  readonly port: number
  readonly #socket: InspectorTransport
  readonly #pending = new Map<number, Pending>()
  #count = 0
  #lost: string | null = null
  #onNotice: NoticeListener | undefined

  constructor(socket: InspectorTransport, port: number) {
    this.#socket = socket
    this.port = port
    socket.on('text', (text) => {
      this.#take(text)
    })
    socket.on('end', (reason) => {
      this.#lost = reason
      for (const { reject } of this.#pending.values()) reject(new SessionError('lost', reason))
      this.#pending.clear()
    })
  }

  /** @throws SessionError `lost` */
  static async open(url: URL, timeoutMs: number): Promise<InspectorSession> {
    try {
      return new InspectorSession(await WebSocketClient.connect(url, timeoutMs), Number(url.port))
    } catch (error) {
      throw new SessionError('lost', (error as Error).message)
    }
  }

  /** Whether the connection ended. */
  get isLost(): boolean {
    return this.#lost !== null
  }

  /**
   * Evaluates, and gives the value as JSON does; of `keep` a handle in its place. `hasCommandLine` gives the expression what a
   * console has besides, such as `require`.
   *
   * @throws SessionError
   */
  async evaluate(
    expression: string,
    {
      timeoutMs,
      keep = false,
      hasCommandLine = false,
    }: { timeoutMs?: number; keep?: boolean; hasCommandLine?: boolean },
  ): Promise<unknown> {
    const answer = await this.#send(
      'Runtime.evaluate',
      {
        expression,
        returnByValue: !keep,
        silent: true,
        objectGroup: 'cache-attribution',
        includeCommandLineAPI: hasCommandLine,
      },
      timeoutMs,
    )
    return valueOf(answer)
  }

  /**
   * Calls a method of what `evaluate()` kept, with a text. Where that gives a promise, `isAsync` waits for it: anything else is
   * not wrapped in one, which a process under load may collect before it is settled.
   *
   * @throws SessionError
   */
  async call(
    handle: string,
    method: string,
    argument: string,
    { timeoutMs, keep = false, isAsync = false }: CallOptions = {},
  ): Promise<unknown> {
    const answer = await this.#send(
      'Runtime.callFunctionOn',
      {
        objectId: handle,
        functionDeclaration: `function (argument) { return this[${JSON.stringify(method)}](argument) }`,
        arguments: [{ value: argument }],
        awaitPromise: isAsync,
        returnByValue: !keep,
        silent: true,
      },
      timeoutMs,
    )
    return valueOf(answer)
  }

  /** Carries out a command of a domain. @throws SessionError */
  async command(method: string, params: object, timeoutMs: number): Promise<void> {
    await this.#send(method, params, timeoutMs)
  }

  /** Has what the other side tells by itself told on. */
  onNotice(listener: NoticeListener): void {
    this.#onNotice = listener
  }

  /** Ends the session; what was kept is let go of. */
  close(): void {
    this.#socket.close()
  }

  #send(method: string, params: object, timeoutMs?: number): Promise<Record<string, unknown>> {
    if (this.#lost !== null) return Promise.reject(new SessionError('lost', this.#lost))
    const id = ++this.#count
    return new Promise((resolve, reject) => {
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              this.#pending.delete(id)
              reject(new SessionError('silent', `no answer within ${String(timeoutMs)} ms`))
            }, timeoutMs)
      this.#pending.set(id, {
        resolve: (result) => {
          clearTimeout(timer)
          resolve(result)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }

  #take(text: string): void {
    let message: { id?: unknown; method?: unknown; params?: unknown; result?: unknown; error?: { message?: unknown } }
    try {
      message = JSON.parse(text) as typeof message
    } catch {
      return
    }
    if (typeof message.method === 'string') {
      this.#onNotice?.(message.method, (message.params ?? {}) as Record<string, unknown>)
      return
    }
    const pending = typeof message.id === 'number' ? this.#pending.get(message.id) : undefined
    if (pending === undefined) return
    this.#pending.delete(message.id as number)
    if (message.error === undefined) pending.resolve((message.result ?? {}) as Record<string, unknown>)
    else pending.reject(new SessionError('refused', String(message.error.message)))
  }
}

/** Asks who listens there. @returns null where it is no inspector of Node, or gives no answer in time */
export async function inspectorAt(address: string, port: number, timeoutMs: number): Promise<InspectorTarget | null> {
  const host = connectable(address)
  const [version, list] = await Promise.all([
    getJson(host, port, '/json/version', timeoutMs),
    getJson(host, port, '/json/list', timeoutMs),
  ])
  const browser = (version as { Browser?: unknown } | null)?.Browser
  const first = (Array.isArray(list) ? list[0] : null) as { id?: unknown } | null
  if (typeof browser !== 'string' || typeof first?.id !== 'string') return null
  const name = host.includes(':') ? `[${host}]` : host
  return { browser, webSocketUrl: new URL(`ws://${name}:${String(port)}/${encodeURIComponent(first.id)}`) }
}

/** An address to connect to where somebody listens on all of them. */
function connectable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  return address === '::' ? '::1' : address
}

function getJson(host: string, port: number, path: string, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve) => {
    const fail = (): void => {
      asked.destroy()
      resolve(null)
    }
    const asked = get({ host, port, path, agent: false, timeout: timeoutMs }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
        if (text.length > ANSWER_BYTES_MAX) fail()
      })
      response.on('error', fail)
      response.on('end', () => {
        try {
          resolve(JSON.parse(text))
        } catch {
          resolve(null)
        }
      })
    })
    asked.on('timeout', fail)
    asked.on('error', fail)
    // The timeout above is one of silence.
    const timer = setTimeout(fail, timeoutMs)
    asked.on('close', () => {
      clearTimeout(timer)
    })
  })
}

function valueOf(answer: Record<string, unknown>): unknown {
  const { result, exceptionDetails } = answer as {
    result?: { value?: unknown; objectId?: unknown }
    exceptionDetails?: { text?: unknown; exception?: { description?: unknown; value?: unknown } }
  }
  if (exceptionDetails !== undefined) {
    const { exception, text } = exceptionDetails
    const description = exception?.description ?? exception?.value ?? text
    throw new SessionError('refused', typeof description === 'string' ? description : String(text))
  }
  return result?.objectId ?? result?.value
}
