/** A server that was started plainly: nothing of this library is in it. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../test/helpers/free-port.js'
import type { RealServer, ServerPorts } from './server.js'

/** One that serves. */
export interface RunningServer {
  readonly pid: number
  readonly ports: ServerPorts
  stop(): Promise<void>
}

const READY_MS = 120_000
const LOOK_MS = 200
const END_MS = 5000

export async function startServer(server: RealServer, folder: string, options: StartOptions): Promise<RunningServer> {
  const ports: ServerPorts = { port: await freePort(), secondPort: await freePort() }
  server.configure?.(folder, ports)
  const log = openSync(path.join(folder, 'server.log'), 'w')
  const { LD_PRELOAD: _preload, NODE_OPTIONS: _options, ...own } = process.env
  const preload = options.allocator === 'glibc' ? {} : { LD_PRELOAD: process.env['JEMALLOC'] ?? 'libjemalloc.so.2' }
  const child = spawn(options.node, server.args(ports), {
    cwd: path.join(folder, server.folder ?? '.'),
    env: { ...own, ...preload, ...server.env?.(ports) },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  try {
    await whenReady(server, child, ports)
    return { pid: child.pid ?? -1, ports, stop: () => end(child) }
  } catch (error) {
    await end(child)
    throw error
  }
}

interface StartOptions {
  readonly node: string
  readonly allocator: 'jemalloc' | 'glibc'
}

async function whenReady(server: RealServer, child: ChildProcess, ports: ServerPorts): Promise<void> {
  const endMs = performance.now() + READY_MS
  while (performance.now() < endMs) {
    if (child.exitCode !== null)
      throw new Error(`${server.name} ended with ${String(child.exitCode)}: see its server.log`)
    const isReady =
      server.readyPath === null
        ? (await listens(ports.port)) && (await listens(ports.secondPort))
        : await answers(`http://127.0.0.1:${String(ports.port)}${server.readyPath}`)
    if (isReady) return
    await delay(LOOK_MS)
  }
  throw new Error(`${server.name} does not serve after ${String(READY_MS)} ms`)
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url)
    await response.arrayBuffer()
    return response.status < 500
  } catch {
    return false
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port })
    const answer = (is: boolean): void => {
      socket.destroy()
      resolve(is)
    }
    socket.on('connect', () => answer(true)).on('error', () => answer(false))
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
  await exit
  clearTimeout(timer)
}
