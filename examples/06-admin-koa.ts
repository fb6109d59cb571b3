/**
 * The admin endpoint in Koa.
 *
 *   npx cache-attribution run dist/examples/06-admin-koa.js
 */
import Koa from 'koa'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'
import { checkAdmin, coordinatorWithCache, portOf } from './admin-checks.js'

const { coordinator, pages } = coordinatorWithCache()
const admin = createAdminHandler(coordinator) // this machine only; see authorize
const listener = toNodeListener(admin)

const app = new Koa()
app.use((context, next) => {
  context.respond = false // the listener answers, unless it passes the request on
  return listener(context.req, context.res, () => {
    context.respond = true
    return next()
  })
})
app.use((context) => {
  if (context.path === '/hello') context.body = 'hello'
})

const server = app.listen(0, '127.0.0.1')
await checkAdmin(await portOf(server), pages)
await admin.close()
await coordinator.close()
server.close()
server.closeAllConnections()
