/**
 * The admin endpoint in Fastify: in a hook before its body parser, which would consume the request.
 *
 *   npx cache-attribution run dist/examples/05-admin-fastify.js
 */
import fastify from 'fastify'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'
import { checkAdmin, coordinatorWithCache, portOf } from './admin-checks.js'

const { coordinator, pages } = coordinatorWithCache()
const admin = createAdminHandler(coordinator) // this machine only; see authorize
const listener = toNodeListener(admin)

const app = fastify({ forceCloseConnections: true })
app.addHook('onRequest', (request, reply, next) => {
  void listener(request.raw, reply.raw, () => {
    next()
  })
})
app.get('/hello', () => 'hello')

await app.listen({ port: 0, host: '127.0.0.1' })
await checkAdmin(await portOf(app.server), pages)
await admin.close()
await coordinator.close()
await app.close()
