/**
 * The admin endpoint in a plain server of node:http.
 *
 *   npx cache-attribution run dist/examples/03-admin-node.js
 */
import http from 'node:http'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'
import { checkAdmin, coordinatorWithCache, portOf } from './admin-checks.js'

const { coordinator, pages } = coordinatorWithCache()
const admin = createAdminHandler(coordinator) // this machine only; see authorize
const listener = toNodeListener(admin)

const server = http.createServer((request, response) => {
  void listener(request, response, () => response.end('hello'))
})

server.listen(0, '127.0.0.1')
await checkAdmin(await portOf(server), pages)
await admin.close()
await coordinator.close()
server.close()
server.closeAllConnections()
