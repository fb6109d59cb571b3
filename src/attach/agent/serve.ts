/**
 * The admin handler inside the process. The command has the socket and asks it request by request.
 *
 * Rule: nothing listens here, and nothing outlives the agent: its end aborts what is under way and closes the handler.
 */
import { Coordinator } from '../../coordinator/coordinator.js'
import { createAdminHandler } from '../../http/index.js'
import type { AdminHandler } from '../../http/index.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { openUnnamedFile } from '../../support/unnamed-file.js'
import type { ServeSettings, ServeStart, ServedAnswer, ServedPart, ServedRequest } from '../protocol.js'
import { coordinatorsHere } from './reports.js'
import type { TaskContext } from './types.js'

type Options = Readonly<Record<string, unknown>>
type Reader = ReadableStreamDefaultReader<Uint8Array>

/** A body of at most this length is given whole. */
const WHOLE_BYTES_MAX = 1024 * 1024
/** Errors that are kept until somebody asks. */
const ERRORS_MAX = 20

let mounted: Mount | undefined

/** Makes the handler. @throws CacheAttributionError where this agent has one */
export function serve(options: Options, { onEnd }: TaskContext): ServeStart {
  if (mounted !== undefined) throw new CacheAttributionError('ERR_CLOSED', 'this agent serves its page already')
  const settings = options as unknown as ServeSettings
  const coordinators = coordinatorsHere().filter(canBeServed)
  const [most] = coordinators
  const coordinator = most ?? new Coordinator()
  mounted = new Mount(coordinator, settings)
  onEnd(() => {
    mounted?.close()
    if (coordinator !== most) void coordinator.close()
  })
  return { coordinators: coordinators.length, caches: coordinator.names.length }
}

/** Answers one request. */
export function request(options: Options): Promise<ServedAnswer> {
  return mount().answer(options as unknown as ServedRequest)
}

/** The next part of an answer's body. */
export function read({ id }: Options): Promise<ServedPart> {
  return mount().read(Number(id))
}

/** The client has gone. */
export function leave({ id }: Options): void {
  mounted?.leave(Number(id))
}

function mount(): Mount {
  if (mounted === undefined) throw new CacheAttributionError('ERR_CLOSED', 'this agent serves no page')
  return mounted
}

/** Of another copy of this package, perhaps of another version: by what the handler calls. */
function canBeServed(coordinator: Coordinator): boolean {
  const { on, off, abort, describeCaches } = coordinator as Partial<Record<keyof Coordinator, unknown>>
  return [on, off, abort, describeCaches].every((member) => typeof member === 'function')
}

/** One request under way. */
interface Exchange {
  readonly left: AbortController
  reader: Reader | null
}

class Mount {
  readonly #handler: AdminHandler
  readonly #exchanges = new Map<number, Exchange>()
  #errors: string[] = []

  constructor(coordinator: Coordinator, { allowRelease, folders }: ServeSettings) {
    const temporaryFolder = folders.find(takesFiles)
    this.#handler = createAdminHandler(coordinator, {
      // Who may ask is decided where the socket is.
      authorize: () => 'operator',
      ...(allowRelease ? {} : { modes: ['twin'] as const }),
      ...(temporaryFolder === undefined ? {} : { temporaryFolder }),
      onError: (error) => {
        if (this.#errors.length < ERRORS_MAX) this.#errors.push(messageOf(error))
      },
    })
  }

  async answer({ id, method, url, headers, body }: ServedRequest): Promise<ServedAnswer> {
    const exchange: Exchange = { left: new AbortController(), reader: null }
    this.#exchanges.set(id, exchange)
    const { signal } = exchange.left
    const asked = new Request(url, { method, headers: headers.map(([name, value]) => [name, value]), body, signal })
    const response = (await this.#handler(asked)) ?? new Response(null, { status: 404 })
    exchange.reader = (response.body?.getReader() as Reader | undefined) ?? null
    const length = Number(response.headers.get('content-length') ?? NaN)
    const whole = exchange.reader !== null && length <= WHOLE_BYTES_MAX ? await this.#rest(id, exchange.reader) : ''
    const hasMore = this.#exchanges.has(id) && exchange.reader !== null
    if (!hasMore) this.#exchanges.delete(id)
    const errors = this.#errors
    this.#errors = []
    return { status: response.status, headers: [...response.headers], body: whole, hasMore, errors }
  }

  /** @throws Error what the body ran into */
  async read(id: number): Promise<ServedPart> {
    const reader = this.#exchanges.get(id)?.reader
    if (reader == null) return null
    try {
      const part = await reader.read()
      if (!part.done) return base64([part.value])
    } catch (error) {
      this.#exchanges.delete(id)
      throw error
    }
    this.#exchanges.delete(id)
    return null
  }

  leave(id: number): void {
    const exchange = this.#exchanges.get(id)
    if (exchange === undefined) return
    this.#exchanges.delete(id)
    exchange.left.abort()
    void exchange.reader?.cancel().catch(() => undefined)
  }

  close(): void {
    for (const id of [...this.#exchanges.keys()]) this.leave(id)
    void this.#handler.close()
  }

  async #rest(id: number, reader: Reader): Promise<string> {
    const parts: Uint8Array[] = []
    for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value)
    this.#exchanges.delete(id)
    return base64(parts)
  }
}

function base64(parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('base64')
}

function takesFiles(folder: string): boolean {
  try {
    openUnnamedFile(folder).close()
    return true
  } catch {
    return false
  }
}
