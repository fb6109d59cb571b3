/**
 * The loaded server of the benchmarks: an HTTP server that churns Buffers and JSON in this process, driven by a load
 * generator in another, with 64 keep-alive connections. About 7 MB of requests are in flight at any time.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface LoadedServer {
  /** Requests answered so far. */
  requests(): number
  /** Requests that the load generator saw fail. */
  failures(): number
  stop(): Promise<void>
}

const CONNECTIONS = 64
const WARM_UP_MS = 2000

/** Starts the server and its load, and lets both warm up. */
export async function startLoadedServer(connections = CONNECTIONS): Promise<LoadedServer> {
  let answered = 0
  const server = http.createServer((request, response) => {
    const payload = Buffer.allocUnsafeSlow(20_000 + Math.floor(Math.random() * 200_000)).fill(2)
    const json = JSON.stringify(Array.from({ length: 500 }, (_, index) => ({ index, value: Math.random() })))
    setTimeout(() => {
      answered++
      response.end(json + String(payload.length))
    }, Math.random() * 20)
    request.resume()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const load = startLoad((server.address() as AddressInfo).port, connections)
  let failures = 0
  load.on('message', () => failures++)
  // Without load the rest of a benchmark would say nothing.
  const onExit = (): never => {
    throw new Error('the load generator has ended')
  }
  load.on('exit', onExit)
  await delay(WARM_UP_MS)
  return {
    requests: () => answered,
    failures: () => failures,
    stop: async () => {
      load.off('exit', onExit)
      load.kill()
      await once(load, 'exit')
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A load generator in a process of its own, without the preloaded allocator; it ends with this process. */
function startLoad(port: number, connections: number): ChildProcess {
  const code = `
    const http = require('node:http')
    const agent = new http.Agent({ keepAlive: true, maxSockets: ${String(connections)} })
    const go = () => http.get({ host: '127.0.0.1', port: ${String(port)}, agent }, (response) => {
      response.resume().on('end', go)
    }).on('error', () => { process.send('failed'); setTimeout(go, 100) })
    for (let index = 0; index < ${String(connections)}; index++) go()
    process.on('disconnect', () => process.exit())
  `
  const { LD_PRELOAD: _preload, ...env } = process.env
  return spawn(process.execPath, ['-e', code], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}
