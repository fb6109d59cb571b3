/** An admin endpoint on a free loopback port, over caches whose releases are counted; and requests to it, also raw ones. */
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { createAdminHandler, toNodeListener } from '../../src/http/index.js'
import type { AdminHandler, AdminHandlerOptions } from '../../src/http/index.js'
import type { Coordinator } from '../../src/index.js'
import { MIB, World } from '../coordinator/world.js'
import type { FakeCache } from '../coordinator/world.js'

export const OPERATOR = 'operator-token-0123456789'
export const READER = 'read-only-token-0123456789'

/** The members that a test needs. */
export interface Site {
  readonly world: World
  readonly coordinator: Coordinator
  readonly handler: AdminHandler
  readonly caches: readonly FakeCache[]
  readonly server: http.Server
  readonly port: number
  /** `http://127.0.0.1:PORT/debug/memory` */
  readonly base: string
  /** How many releases there were, of all caches. */
  releases(): number
  close(): Promise<void>
}

/** Opens one with the caches `users`, `<script>` and `a/b`. */
export async function openSite(options: AdminHandlerOptions = {}): Promise<Site> {
  const world = new World()
  const coordinator = world.coordinator()
  const caches = ['users', '<script>', 'a/b'].map((name) => world.cache(name, { allocated: 3 * MIB, heap: MIB }))
  for (const cache of caches) coordinator.register(cache.name, cache)
  const handler = createAdminHandler(coordinator, { coolDownMs: 0, ...options })
  const listener = toNodeListener(handler)
  const server = http.createServer((request, response) => void listener(request, response))
  const port = await listen(server)
  return {
    world,
    coordinator,
    handler,
    caches,
    server,
    port,
    base: `http://127.0.0.1:${port}/debug/memory`,
    releases: () => caches.reduce((sum, { releases }) => sum + releases, 0),
    close: async () => {
      await handler.close()
      await coordinator.close()
      await closeServer(server)
    },
  }
}

/** Listens on a free port of the loopback interface. */
export async function listen(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Closes a server with whatever is connected to it. */
export async function closeServer(server: http.Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly text: string
}

/** Sends bytes as they are, and reads until the server closes. */
export async function sendRaw(port: number, message: string): Promise<RawAnswer> {
  const socket = net.connect(port, '127.0.0.1')
  socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer to ${JSON.stringify(message.slice(0, 200))}`)))
  socket.write(Buffer.from(message, 'latin1'))
  let text = ''
  for await (const chunk of socket) text += (chunk as Buffer).toString()
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':', 1)[0]?.toLowerCase() ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  )
  return { status: Number(first.split(' ')[1] ?? NaN), headers, body: rest.join('\r\n\r\n'), text }
}

/** A request in its parts; `headers` as lines, so that any may stand twice. */
export interface RawRequest {
  readonly method?: string
  readonly target: string
  readonly host?: string | null
  readonly headers?: readonly string[]
  readonly body?: string
}

/** The bytes of a request that closes its connection. */
export function messageOf({ method = 'GET', target, host = 'localhost', headers = [], body }: RawRequest): string {
  return [
    `${method} ${target} HTTP/1.1`,
    ...(host === null ? [] : [`Host: ${host}`]),
    'Connection: close',
    ...headers,
    ...(body === undefined || headers.some((line) => /^content-length|^transfer-enc/i.test(line))
      ? []
      : [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`]),
    '',
    body ?? '',
  ].join('\r\n')
}
