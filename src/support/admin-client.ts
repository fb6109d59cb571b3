/**
 * A client of a service's admin endpoint, by URL or by unix socket.
 *
 * Rule: answers are bounded, nobody is followed elsewhere with a token, and what the service refuses keeps its code.
 */
import http from 'node:http'
import https from 'node:https'
import type { IncomingMessage } from 'node:http'
import { boundedBody } from './bounded-body.js'
import { CacheAttributionError, ERROR_CODES, messageOf } from './errors.js'
import type { ErrorCode } from './errors.js'
import { formatBytes, printable } from './units.js'

/** Where an endpoint is. */
export type AdminAddress = { readonly url: URL } | { readonly socketPath: string }

/** One request. */
export interface AdminRequest {
  readonly method: 'GET' | 'POST'
  /** Below the base path, without a slash at its beginning; with one it is the whole path. */
  readonly path: string
  readonly accept?: string
  /** Without a byte for so long it has failed. A run takes as long as it takes. @default none */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** A longer answer is a failure. @default 256 MiB */
  readonly mostBytes?: number
}

const BASE_PATH = '/debug/memory/'
const ANSWER_BYTES_MAX = 256 * 1024 * 1024

/** The address of an endpoint; of the root of a service its usual path. Null of what is no http or https URL. */
export function adminUrl(text: string): URL | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  if (!/^https?:$/.test(url.protocol)) return null
  if (url.pathname === '/') url.pathname = BASE_PATH
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

/** One endpoint. */
export class AdminClient {
  readonly #address: AdminAddress
  readonly #token: string | undefined
  readonly #failureCode: ErrorCode | undefined

  /** @param failureCode of every failure, in place of `ERR_ADMIN_ANSWER` and of the codes of the service */
  constructor(address: AdminAddress, token: string | undefined, failureCode?: ErrorCode) {
    this.#address = address
    this.#token = token
    this.#failureCode = failureCode
  }

  /** How errors name it. */
  get name(): string {
    const address = this.#address
    return 'url' in address ? `${address.url.origin}${address.url.pathname}` : address.socketPath
  }

  /** @throws CacheAttributionError `ERR_ADMIN_ANSWER`, or the code of the service */
  async json(request: AdminRequest): Promise<unknown> {
    const text = (await this.bytes({ accept: 'application/json', ...request })).toString()
    try {
      return JSON.parse(text)
    } catch {
      throw this.#failure('gave no JSON: is it the admin endpoint?')
    }
  }

  /** The whole answer. @throws CacheAttributionError `ERR_ADMIN_ANSWER`, or the code of the service */
  async bytes(request: AdminRequest): Promise<Buffer> {
    return this.#body(await this.open(request), request.mostBytes)
  }

  /** The answer as it comes, where the service agreed. @throws CacheAttributionError `ERR_ADMIN_ANSWER`, or the code of the service */
  async open(request: AdminRequest): Promise<IncomingMessage> {
    const answer = await this.#send(request)
    const { statusCode = 0, statusMessage = '' } = answer
    if (statusCode === 200) return answer
    const body = (await this.#body(answer)).toString()
    throw (
      (this.#failureCode === undefined ? problemOfBody(body) : null) ??
      this.#failure(`answered ${String(statusCode)} ${statusMessage}${hintOf(statusCode)}`)
    )
  }

  /** The body; an answer that breaks off is a failure like one that never came. */
  async #body(answer: IncomingMessage, mostBytes = ANSWER_BYTES_MAX): Promise<Buffer> {
    const tooLong = (): Error => this.#failure(`gave more than ${formatBytes(mostBytes)}`)
    try {
      return await boundedBody(answer as AsyncIterable<Buffer>, mostBytes, tooLong)
    } catch (error) {
      if (error instanceof CacheAttributionError) throw error
      throw this.#failure(`broke off its answer: ${messageOf(error)}`)
    }
  }

  #send({ method, path, accept, timeoutMs, signal }: AdminRequest): Promise<IncomingMessage> {
    const address = this.#address
    const headers = {
      ...(accept === undefined ? {} : { accept }),
      ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      // A request without a body that is no GET says so.
      ...(method === 'POST' ? { 'content-length': '0' } : {}),
    }
    const options = { method, headers, agent: false as const, timeout: timeoutMs, signal }
    return new Promise((resolve, reject) => {
      const sent =
        'url' in address
          ? (address.url.protocol === 'https:' ? https : http).request(new URL(path, address.url), options)
          : http.request({
              ...options,
              socketPath: address.socketPath,
              path: path.startsWith('/') ? path : `${BASE_PATH}${path}`,
              host: 'localhost',
            })
      sent.on('response', resolve)
      sent.on('timeout', () => sent.destroy(new Error(`no answer within ${String(timeoutMs)} ms`)))
      sent.on('error', (error: Error & { cause?: unknown }) => {
        reject(this.#failure(`gave no answer: ${messageOf(error.cause ?? error)}`))
      })
      sent.end()
    })
  }

  #failure(what: string): CacheAttributionError {
    return new CacheAttributionError(this.#failureCode ?? 'ERR_ADMIN_ANSWER', `${this.name} ${what}`)
  }
}

/** The service's own words, by a problem document; null where it says nothing of the kind. */
export function problemOfBody(body: string): CacheAttributionError | null {
  let problem: { code?: unknown; detail?: unknown }
  try {
    problem = JSON.parse(body) as typeof problem
  } catch {
    return null
  }
  const { code, detail } = problem
  if (typeof code !== 'string' || !Object.hasOwn(ERROR_CODES, code)) return null
  return new CacheAttributionError(code as ErrorCode, printable(detail ?? ERROR_CODES[code as ErrorCode], 600))
}

function hintOf(status: number): string {
  if (status === 401) return ': the token goes into CACHE_ATTRIBUTION_TOKEN'
  return status === 404 ? ': is it the admin endpoint (/debug/memory)?' : ''
}
