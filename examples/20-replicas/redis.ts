/** A real Redis server of this process: at a socket in a folder that goes with it. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const READY_WITHIN_MS = 20_000

/** The server. */
export interface Redis extends AsyncDisposable {
  /** The path of its socket. */
  readonly socket: string
  readonly process: ChildProcess
  stop(): Promise<void>
}

/** Starts one, which keeps nothing. Rejects with its last words where it does not come up. */
export async function startRedis(): Promise<Redis> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'redis-'))
  const socket = path.join(folder, 'socket')
  const server = spawn(
    process.env['REDIS_PATH'] ?? 'redis-server',
    ['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700', '--save', '', '--dir', folder],
    // Libraries that are preloaded here are not meant for it.
    { env: { ...process.env, LD_PRELOAD: '' }, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let words = ''
  server.stdout.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-5000)))
  let failure: Error | undefined
  server.on('error', (error) => (failure = error))
  const ended = once(server, 'close').catch(() => undefined)
  const stop = async (): Promise<void> => {
    if (failure === undefined && server.exitCode === null) {
      server.kill('SIGKILL')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
  const deadline = performance.now() + READY_WITHIN_MS
  while (!(await answers(socket))) {
    if (failure !== undefined || server.exitCode !== null || performance.now() > deadline) {
      await stop()
      throw new Error(`redis-server did not come up: ${failure?.message ?? words}`)
    }
    await delay(50)
  }
  return { socket, process: server, stop, [Symbol.asyncDispose]: stop }
}

async function answers(file: string): Promise<boolean> {
  const socket = net.connect(file)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
