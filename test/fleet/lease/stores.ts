/** The stores of leases in tests, in this process and in others. */
import { fork, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createClient } from '@redis/client'
import { Redis } from 'ioredis'
import { fileLease, redisLease } from '../../../src/fleet/index.js'
import type { Lease } from '../../../src/fleet/index.js'
import { skipOrFail } from '../../helpers/child.js'

type LeaseOptions = NonNullable<Parameters<typeof fileLease>[1]>

/** How a lease is reached. */
export type StoreKind = 'file' | 'ioredis' | 'node-redis'

/** A lease and the end of its connection. */
export interface OpenLease extends AsyncDisposable {
  readonly lease: Lease
}

/** Opens a lease at a folder, or at a socket of Redis. */
export async function openLease(kind: StoreKind, place: string, options: LeaseOptions): Promise<OpenLease> {
  if (kind === 'file') return { lease: fileLease(place, options), [Symbol.asyncDispose]: () => Promise.resolve() }
  if (kind === 'ioredis') {
    const client = new Redis(place)
    client.on('error', () => undefined)
    return {
      lease: redisLease(client, options),
      [Symbol.asyncDispose]: () => {
        client.disconnect()
        return Promise.resolve()
      },
    }
  }
  const client = createClient({ socket: { path: place, tls: false } })
  client.on('error', () => undefined)
  await client.connect()
  return {
    lease: redisLease(client, options),
    [Symbol.asyncDispose]: () => {
      client.destroy()
      return Promise.resolve()
    },
  }
}

/** Skips where there is no server, which under CI is a failure. */
export function needsRedis(context: Mocha.Context): void {
  const { error } = spawnSync('redis-server', ['--version'])
  if (error !== undefined) skipOrFail(context, 'there is no redis-server (Debian, Ubuntu: redis-server)')
}

/** A process that uses a lease; see fixtures/lease-holder.ts. */
export function startHolder(
  task: 'hold' | 'loop',
  kind: StoreKind,
  place: string,
  options: LeaseOptions,
): ChildProcess {
  const script = fileURLToPath(new URL('../fixtures/lease-holder.js', import.meta.url))
  return fork(script, [task, kind, place, JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
}

/** Its next message; its end is an error. */
export async function messageOf(holder: ChildProcess): Promise<Record<string, unknown>> {
  const ended = once(holder, 'exit').then(() => Promise.reject(new Error('the holder ended')))
  const [message] = (await Promise.race([once(holder, 'message'), ended])) as [Record<string, unknown>]
  return message
}
