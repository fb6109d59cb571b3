/** One replica of a service: a cache of so many entries of 10 KiB, its admin endpoint on a free port, which it prints. */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Coordinator } from 'cache-attribution'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'
import { ENTRY_BYTES } from './entry.js'

const sessions = new Map(Array.from({ length: Number(process.argv[2]) }, (_, key) => [key, Buffer.alloc(ENTRY_BYTES)]))
const coordinator = new Coordinator()
coordinator.register('sessions', { release: () => sessions.clear(), entries: () => sessions.size })
const listener = toNodeListener(createAdminHandler(coordinator))
const server = http.createServer((request, response) => void listener(request, response))
server.listen(0, '127.0.0.1', () => {
  console.log(String((server.address() as AddressInfo).port))
})
// Who started it may be gone.
process.stdin.on('end', () => process.exit()).resume()
