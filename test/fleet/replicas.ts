/** Replicas in processes of their own. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { JEMALLOC } from '../helpers/child.js'

export interface Replica {
  readonly url: string
  readonly host: string
  /** How many entries its cache has now. */
  readonly entries: () => Promise<number>
  readonly stop: () => Promise<void>
}

const FILE = fileURLToPath(new URL('fixtures/replica.js', import.meta.url))

/** @example const replica = await startReplica({ entries: 1000, entryBytes: 10_000 }) */
export async function startReplica(holds: {
  readonly entries: number
  readonly entryBytes: number
  readonly unregistered?: number
}): Promise<Replica> {
  const args = [holds.entries, holds.entryBytes, holds.unregistered ?? 0].map(String)
  const child: ChildProcess = spawn(process.execPath, [FILE, ...args], {
    env: { ...process.env, LD_PRELOAD: JEMALLOC, NODE_V8_COVERAGE: undefined },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  if (child.stdout === null) throw new Error('it has no output')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const host = `127.0.0.1:${line}`
  return {
    host,
    url: `http://${host}`,
    entries: async () => {
      const answer = once(child, 'message')
      child.send('entries')
      const [[entries]] = (await answer) as [[number, number]]
      return entries
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}
