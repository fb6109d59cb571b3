// The admin endpoint of a Next.js server, on a port of the loopback interface, with the cache of pages and of fetch().
import http from 'node:http'
import { Coordinator } from 'cache-attribution'
import { fromCache } from 'cache-attribution/adapters'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'

const PORT = Number(process.env.MEMORY_PORT ?? 9464)
const LOOK_MS = 1000

const coordinator = Coordinator.default()
const listener = toNodeListener(createAdminHandler(coordinator))
http
  .createServer((request, response) => void listener(request, response))
  .listen(PORT, '127.0.0.1')
  // A second process of the same service finds the port in use, and goes on without.
  .on('error', (error) => console.warn(`memory endpoint: ${error.message}`))
  .unref()

// Next.js makes its incremental cache with the first request.
const timer = setInterval(() => {
  const { __incrementalCache: cache } = globalThis as { __incrementalCache?: object }
  if (cache === undefined) return
  clearInterval(timer)
  try {
    coordinator.register('next pages and fetch', fromCache(cache))
  } catch (error) {
    console.warn(`not registered: ${(error as Error).message}`)
  }
}, LOOK_MS).unref()
