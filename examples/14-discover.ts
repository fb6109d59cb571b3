/**
 * A server that leaks: it keeps every session in a plain Map that is not registered. discover() names the Map as the first owner
 * of live memory and measures it in a twin, while the server goes on.
 *
 *   npx cache-attribution run dist/examples/14-discover.js
 */
import http from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Coordinator } from 'cache-attribution'
import { discover, formatDiscovery, supportsTwin } from 'cache-attribution/twin'

const REQUESTS = 20_000
const CONNECTIONS = 32

/** The leak: every visitor is kept forever. */
class SessionStore {
  readonly byId = new Map<number, { readonly since: number; readonly history: number[] }>()
}

const sessions = new SessionStore()
const templates = new Map<string, Buffer>()
for (let index = 0; index < 200; index++) templates.set(`template ${index}`, Buffer.alloc(20_000, 1))

const coordinator = new Coordinator()
coordinator.register('templates', { release: () => templates.clear(), entries: () => templates.size })

const server = http.createServer((request, response) => {
  const id = Number(request.url?.slice(1))
  sessions.byId.set(id, { since: id, history: Array.from({ length: 20 }, (_, visit) => id + visit + 0.5) })
  response.end('hello')
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
await putLoad((server.address() as AddressInfo).port)

const support = supportsTwin()
if (support.supported) await find()
else console.log(`No twin can be made here: ${support.reason ?? ''}`)
server.closeAllConnections()
server.close()
await coordinator.close()

async function find(): Promise<void> {
  const discovery = await discover({ coordinator, limit: 5 })
  console.log(formatDiscovery(discovery))
  const [largest] = discovery.owners
  console.log(`\nThe server still has all of its ${sessions.byId.size} sessions.`)
  const isFound = largest?.path === 'sessions.byId' && largest.entries === REQUESTS && largest.cache === null
  const isKnown = discovery.owners.every(({ path, cache }) => path !== 'templates' || cache === 'templates')
  if (!isFound || !isKnown || sessions.byId.size !== REQUESTS) {
    console.error('Self-check failed: the leak was to be the first owner, and the registered cache to be recognised.')
    process.exitCode = 1
  }
}

/** One visitor after the other, each with an id of their own, over some connections. */
async function putLoad(port: number): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  let next = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (next < REQUESTS) {
        const path = `/${next++}`
        const [response] = (await once(http.get({ host: '127.0.0.1', port, agent, path }), 'response')) as [
          http.IncomingMessage,
        ]
        await once(response.resume(), 'end')
      }
    }),
  )
  agent.destroy()
}
