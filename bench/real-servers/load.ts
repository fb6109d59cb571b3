/** Clients in this process, each of which asks again once it is answered; or a program that is all of them. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RealServer, ServerPorts } from './server.js'

/** The figures that clients saw. */
export interface LoadCount {
  readonly answered: number
  /** Errors of connections, and answers of 500 and above. */
  readonly failed: number
  /** The longest that one waited, in milliseconds; null where the load does not say. */
  readonly longestMs: number | null
}

/** A load under way. */
export interface Load {
  /** Since the last call. */
  take(): LoadCount
  stop(): Promise<void>
}

const CLIENTS = 8
const FAILED_FROM = 500
const PAUSE_MS = 2

export function startLoad(server: RealServer, ports: ServerPorts, folder: string): Load {
  return typeof server.load === 'function' ? requestsTo(server, ports) : programIn(folder, server.load.program, ports)
}

function requestsTo({ load, clients = CLIENTS }: RealServer, { port }: ServerPorts): Load {
  if (typeof load !== 'function') throw new TypeError('the load is a program')
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients })
  let count = { answered: 0, failed: 0, longestMs: 0 }
  let isOver = false
  let turn = 0
  const ask = async (): Promise<void> => {
    const { path: where, method = 'GET', headers = {}, body } = load(turn++)
    const startMs = performance.now()
    const status = await new Promise<number>((resolve) => {
      const request = http.request({ host: '127.0.0.1', port, agent, path: where, method, headers }, (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode ?? FAILED_FROM))
        response.on('error', () => resolve(FAILED_FROM))
      })
      request.on('error', () => resolve(FAILED_FROM))
      request.end(body)
    })
    if (status < FAILED_FROM) count.answered++
    else count.failed++
    count.longestMs = Math.max(count.longestMs, performance.now() - startMs)
  }
  const all = Array.from({ length: clients }, async () => {
    while (!isOver) {
      await ask()
      await delay(PAUSE_MS)
    }
  })
  return {
    take: () => {
      const taken = count
      count = { answered: 0, failed: 0, longestMs: 0 }
      return taken
    },
    stop: async () => {
      isOver = true
      await Promise.all(all)
      agent.destroy()
    },
  }
}

function programIn(folder: string, program: string, { port, secondPort }: ServerPorts): Load {
  const { LD_PRELOAD: _preload, ...env } = process.env
  const child = fork(path.join(folder, program), [String(port), String(secondPort)], { cwd: folder, env })
  let [now, taken] = [
    { answered: 0, failed: 0 },
    { answered: 0, failed: 0 },
  ]
  child.on('message', (count: typeof now) => (now = count))
  return {
    take: () => {
      const since = { answered: now.answered - taken.answered, failed: now.failed - taken.failed, longestMs: null }
      taken = now
      return since
    },
    stop: async () => {
      if (child.exitCode !== null) throw new Error(`${program} has ended with ${String(child.exitCode)}`)
      child.disconnect()
      await once(child, 'exit')
    },
  }
}
