import { mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { expect } from 'chai'
import { Redis } from 'ioredis'
import { startRedis } from '../../../examples/20-replicas/redis.js'
import type { Redis as Server } from '../../../examples/20-replicas/redis.js'
import { fileLease, redisLease } from '../../../src/fleet/index.js'
import type { Lease } from '../../../src/fleet/index.js'
import { CacheAttributionError } from '../../../src/index.js'
import { needsRedis } from './stores.js'

type RedisClient = Parameters<typeof redisLease>[0]

const TERM_MS = 1000

/** The code and the message of what a call throws. */
async function failureOf(call: () => unknown): Promise<string> {
  try {
    await call()
  } catch (error) {
    return error instanceof CacheAttributionError ? error.message : `no error of ours: ${String(error)}`
  }
  return 'nothing'
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve()
    })
    if (signal.aborted) resolve()
  })
}

describe('redisLease()', () => {
  let server: Server
  let client: Redis

  before(async function () {
    needsRedis(this)
    server = await startRedis()
    client = new Redis(server.socket)
  })

  after(async () => {
    client.disconnect()
    await server.stop()
  })

  it('loses its grant with its term where the server does not answer, and gets one when it answers again', async function () {
    this.timeout(20_000)
    const lease = redisLease(client, { name: 'silent', termMs: TERM_MS })
    const grant = await lease.acquire()
    server.process.kill('SIGSTOP')
    try {
      const failed = failureOf(() => lease.acquire())
      await aborted(grant?.signal ?? AbortSignal.abort())
      expect(await failed).to.match(/^ERR_LEASE_STORE: .*did not answer within 500 ms$/)
      expect(await grant?.release()).to.equal(false)
    } finally {
      server.process.kill('SIGCONT')
    }
    const next = await had(lease)
    expect(next.token).to.be.greaterThan(grant?.token ?? Infinity)
    await next.release()
  })

  it('loses its grant where the server lost all data, and the next has a higher token all the same', async () => {
    const lease = redisLease(client, { name: 'emptied', termMs: TERM_MS })
    const grant = await lease.acquire()
    await client.flushall()
    const next = await lease.acquire()
    expect(next?.token).to.be.greaterThan(grant?.token ?? Infinity)
    await aborted(grant?.signal ?? AbortSignal.abort())
    expect([await grant?.release(), await next?.release()]).to.deep.equal([false, true])
  })

  it('leaves nothing behind but the last token', async () => {
    const grant = await redisLease(client, { name: 'tidy' }).acquire()
    expect(await client.pttl('cache-attribution:lease:{tidy}:holders')).to.be.within(1, 30_000)
    await grant?.release()
    expect(await client.keys('*{tidy}*')).to.deep.equal(['cache-attribution:lease:{tidy}:token'])
  })

  it('gives back what it is given after it had stopped to wait', async () => {
    const scripts: string[] = []
    const slow = {
      defineCommand: () => undefined,
      eval: async (script: string) => {
        scripts.push(script)
        if (scripts.length === 1) await delay(TERM_MS)
        return 1
      },
    }
    const lease = redisLease(slow, { termMs: TERM_MS })
    expect(await failureOf(() => lease.acquire())).to.match(/^ERR_LEASE_STORE: /)
    await delay(TERM_MS)
    expect(scripts).to.have.length(2)
    expect(scripts[1]).to.include('ZREM')
  })

  it('refuses what is no client, and says why a store cannot be asked', async () => {
    const wrong = [undefined, null, 'redis://localhost', {}, { eval: () => 1 }, new Map()] as unknown as RedisClient[]
    for (const value of wrong) {
      expect(await failureOf(() => redisLease(value))).to.match(/^ERR_OPTION_TYPE: redisLease\(\) takes a client/)
    }
    expect(await failureOf(() => redisLease(client, { name: 'a b' }))).to.match(/^ERR_OPTION_RANGE/)
    expect(await failureOf(() => redisLease(client, { termMs: 999 }))).to.match(/^ERR_OPTION_RANGE/)
    const unconnected = createClient({ socket: { path: server.socket, tls: false } })
    expect(await failureOf(() => redisLease(unconnected).acquire())).to.match(/^ERR_LEASE_STORE: .*closed/i)
    await client.set('cache-attribution:lease:{taken}:holders', 'of another kind')
    expect(await failureOf(() => redisLease(client, { name: 'taken' }).acquire())).to.match(
      /^ERR_LEASE_STORE: .*WRONGTYPE/,
    )
    const answering = { defineCommand: () => undefined, eval: () => Promise.resolve(['?']) } as RedisClient
    expect(await failureOf(() => redisLease(answering).acquire())).to.match(/^ERR_LEASE_STORE: Redis answered/)
  })
})

describe('fileLease()', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'lease-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it('makes its folder, for its owner alone, and keeps the last token', async () => {
    const own = path.join(folder, 'own')
    const lease = fileLease(own)
    const grants = [await lease.acquire()]
    await grants[0]?.release()
    grants.push(await lease.acquire())
    expect(readdirSync(own)).to.deep.equal([`default.lease.${String(grants[1]?.token)}`])
    await grants[1]?.release()
    const content = readFileSync(path.join(own, `default.lease.${String(grants[1]?.token)}`), 'utf8')
    expect(JSON.parse(content)).to.include({ untilMs: null, pid: process.pid })
  })

  it('waits a term for a grant whose clock it does not know, by its own clock, and for what is no record', async function () {
    this.timeout(20_000)
    const foreign = (untilMs: number): string =>
      JSON.stringify({ clock: 'another boot', untilMs, termMs: TERM_MS, pid: 1, id: 'x' })
    const [changing, still, garbage] = ['changing', 'still', 'garbage'].map((name) => ({
      lease: fileLease(folder, { name, termMs: TERM_MS }),
      file: path.join(folder, `${name}.lease.7`),
    }))
    if (changing === undefined || still === undefined || garbage === undefined) throw new Error('three leases')
    writeFileSync(changing.file, foreign(0))
    writeFileSync(still.file, foreign(Number.MAX_SAFE_INTEGER))
    writeFileSync(garbage.file, '{"clock":')
    const first = await Promise.all([changing, still, garbage].map(({ lease }) => lease.acquire()))
    expect(first).to.deep.equal([null, null, null])
    await delay(0.6 * TERM_MS)
    writeFileSync(changing.file, foreign(1))
    expect(await changing.lease.acquire()).to.equal(null)
    await delay(0.6 * TERM_MS)
    expect(await changing.lease.acquire()).to.equal(null)
    const next = await Promise.all([had(still.lease), had(garbage.lease)])
    expect(next.map(({ token }) => token)).to.deep.equal([8, 8])
    for (const grant of next) await grant.release()
  })

  it('loses its grant where its folder was emptied, and writes nothing into that of the next', async () => {
    const lease = fileLease(folder, { termMs: TERM_MS })
    const grant = await lease.acquire()
    for (const name of readdirSync(folder)) rmSync(path.join(folder, name))
    const next = await lease.acquire()
    expect(next?.token).to.be.greaterThan(grant?.token ?? Infinity)
    await aborted(grant?.signal ?? AbortSignal.abort())
    expect([await grant?.release(), await next?.release()]).to.deep.equal([false, true])
  })

  it('removes what killed processes left, and nothing of others', async () => {
    const [old, young, other] = ['default.lease.a.new', 'default.lease.b.new', 'own.txt'] as const
    for (const name of [old, young, other]) writeFileSync(path.join(folder, name), '')
    utimesSync(path.join(folder, old), new Date(Date.now() - 7_200_000), new Date(Date.now() - 7_200_000))
    const grant = await fileLease(folder).acquire()
    expect(readdirSync(folder)).to.include.members([young, other]).and.not.include(old)
    await grant?.release()
  })

  it('says why a folder cannot be used', async () => {
    writeFileSync(path.join(folder, 'file'), '')
    for (const place of ['file', 'file/below', 'missing/below', '\u{1F512}'.repeat(300)]) {
      const failure = await failureOf(() => fileLease(path.join(folder, place)).acquire())
      expect(failure, place).to.match(/^ERR_LEASE_STORE: the folder .* cannot be used: E[A-Z]+/)
    }
    for (const value of ['', 'a\0b', 7, null] as unknown as string[]) {
      expect(await failureOf(() => fileLease(value))).to.match(/^ERR_OPTION_TYPE/)
    }
  })
})

async function had(lease: Lease): Promise<NonNullable<Awaited<ReturnType<Lease['acquire']>>>> {
  for (;;) {
    const grant = await lease.acquire()
    if (grant !== null) return grant
    await delay(50)
  }
}
