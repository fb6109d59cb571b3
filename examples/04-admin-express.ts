/**
 * The admin endpoint in Express.
 *
 *   npx cache-attribution run dist/examples/04-admin-express.js
 */
import express from 'express'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'
import { checkAdmin, coordinatorWithCache, portOf } from './admin-checks.js'

const { coordinator, pages } = coordinatorWithCache()
const admin = createAdminHandler(coordinator) // this machine only; see authorize

const app = express()
app.use(toNodeListener(admin))
app.get('/hello', (_request, response) => void response.send('hello'))

const server = app.listen(0, '127.0.0.1')
await checkAdmin(await portOf(server), pages)
await admin.close()
await coordinator.close()
server.close()
server.closeAllConnections()
