/**
 * The admin endpoint in Hono, in an app below a prefix. Hono hands out a Request: the socket's address goes beside it.
 *
 *   npx cache-attribution run dist/examples/07-admin-hono.js
 */
import { serve } from '@hono/node-server'
import type { HttpBindings } from '@hono/node-server'
import { Hono } from 'hono'
import type { Server } from 'node:http'
import { createAdminHandler } from 'cache-attribution/http'
import { checkAdmin, coordinatorWithCache, portOf } from './admin-checks.js'

const { coordinator, pages } = coordinatorWithCache()
const admin = createAdminHandler(coordinator, { basePath: '/internal/debug/memory' }) // this machine only; see authorize

const internal = new Hono<{ Bindings: HttpBindings }>()
internal.all('/debug/memory/*', async (context) => {
  const { remoteAddress } = context.env.incoming.socket
  return (await admin(context.req.raw, { remoteAddress })) ?? context.notFound()
})
const app = new Hono().route('/internal', internal).get('/hello', (context) => context.text('hello'))

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server
await checkAdmin(await portOf(server), pages, '/internal/debug/memory')
await admin.close()
await coordinator.close()
server.close()
server.closeAllConnections()
