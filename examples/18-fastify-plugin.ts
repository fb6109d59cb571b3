/**
 * The admin endpoint as a plugin of Fastify: one `register()`, also for services whose routes lie in plugins, and closed with the server.
 *
 *   npx cache-attribution run dist/examples/18-fastify-plugin.js
 */
import fastify from 'fastify'
import type { FastifyPluginCallback } from 'fastify'
import type { Coordinator } from 'cache-attribution'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'
import { checkAdmin, coordinatorWithCache, portOf } from './admin-checks.js'

const memoryPlugin: FastifyPluginCallback<{ readonly coordinator: Coordinator }> = (app, options, done) => {
  const admin = createAdminHandler(options.coordinator) // this machine only; see authorize
  const listener = toNodeListener(admin)
  // Before Fastify's body parser, which would consume the request.
  app.addHook('onRequest', (request, reply, next) => {
    void listener(request.raw, reply.raw, () => {
      next()
    })
  })
  app.addHook('onClose', async () => {
    await admin.close()
    await options.coordinator.close()
  })
  done()
}
// The hook applies to the whole service, not only to the plugin's own routes, as with fastify-plugin.
Object.assign(memoryPlugin, { [Symbol.for('skip-override')]: true })

const { coordinator, pages } = coordinatorWithCache()
const app = fastify({ forceCloseConnections: true })
await app.register(memoryPlugin, { coordinator })
await app.register((routes, _options, done) => {
  routes.get('/hello', () => 'hello')
  done()
})

await app.listen({ port: 0, host: '127.0.0.1' })
await checkAdmin(await portOf(app.server), pages)
await app.close()
