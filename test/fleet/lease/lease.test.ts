import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { startRedis } from '../../../examples/20-replicas/redis.js'
import type { Redis } from '../../../examples/20-replicas/redis.js'
import type { LeaseGrant } from '../../../src/fleet/index.js'
import type { HeldTime } from '../fixtures/lease-holder.js'
import { thorough } from '../../helpers/thorough.js'
import { messageOf, needsRedis, openLease, startHolder } from './stores.js'
import type { OpenLease } from './stores.js'

const TERM_MS = 1000
/** Their tests of seconds, each once among the ordinary ones. */
const STOPPED = { file: thorough, ioredis: it, 'node-redis': thorough }
const MANY = { file: it, ioredis: thorough, 'node-redis': thorough }

for (const kind of ['file', 'ioredis', 'node-redis'] as const) {
  describe(`a lease by ${kind}`, () => {
    let redis: Redis | undefined
    let place: string
    let names = 0

    before(async function () {
      if (kind === 'file') {
        place = mkdtempSync(path.join(os.tmpdir(), 'lease-'))
        return
      }
      needsRedis(this)
      redis = await startRedis()
      place = redis.socket
    })

    after(async () => {
      await redis?.stop()
      if (kind === 'file') rmSync(place, { recursive: true, force: true })
    })

    /** Another lease for each test. */
    const freshName = (): string => `test-${String(++names)}`

    it('is held by one, given back, and had by the next with a higher token', async () => {
      const options = { name: freshName() }
      await using one = await openLease(kind, place, options)
      await using other = await openLease(kind, place, options)
      const first = await one.lease.acquire()
      expect(await other.lease.acquire()).to.equal(null)
      expect(await one.lease.acquire()).to.equal(null)
      expect([await first?.release(), await first?.release()]).to.deep.equal([true, true])
      const second = await other.lease.acquire()
      expect(second?.token).to.be.greaterThan(first?.token ?? Infinity)
      expect(first?.signal.aborted).to.equal(false)
      await second?.release()
    })

    it('has as many holders as it may have, and leases of other names beside it', async () => {
      const options = { name: freshName(), holders: 2 }
      await using one = await openLease(kind, place, options)
      await using elsewhere = await openLease(kind, place, { name: freshName() })
      const grants = [await one.lease.acquire(), await one.lease.acquire()]
      expect(grants).to.not.include(null)
      expect(await one.lease.acquire()).to.equal(null)
      grants.push(await elsewhere.lease.acquire())
      expect(grants[2]).to.not.equal(null)
      await grants[0]?.release()
      grants.push(await one.lease.acquire())
      expect(grants[3]?.token).to.be.greaterThan(grants[1]?.token ?? Infinity)
      expect(await one.lease.acquire()).to.equal(null)
      for (const grant of grants) expect(await grant?.release()).to.equal(true)
    })

    STOPPED[kind]('is kept beyond its term by who renews it, and lost by who was stopped', async function () {
      this.timeout(30_000)
      const options = { name: freshName(), termMs: TERM_MS }
      await using own = await openLease(kind, place, options)
      const holder = startHolder('hold', kind, place, options)
      const { token } = await messageOf(holder)
      await delay(2.2 * TERM_MS)
      expect(await own.lease.acquire()).to.equal(null)

      holder.kill('SIGSTOP')
      const next = await untilHad(own)
      expect(next.token).to.be.greaterThan(Number(token))
      const [told, ended] = [messageOf(holder), once(holder, 'exit')]
      holder.kill('SIGCONT')
      expect(await told).to.deep.equal({ isLost: true })
      holder.send('release')
      expect(await messageOf(holder)).to.deep.equal({ wasHeld: false })
      // The one who was late took nothing from the next.
      expect([next.signal.aborted, await next.release()]).to.deep.equal([false, true])
      await ended
    })

    for (const holders of [1, 3]) {
      const test = holders === 1 ? MANY[kind] : thorough
      test(`is never held by more than ${holders} of six processes, whatever their wall clocks say`, async function () {
        this.timeout(60_000)
        const options = { name: freshName(), holders, termMs: 30_000 }
        const processes = Array.from({ length: 6 }, () => startHolder('loop', kind, place, options))
        const messages = await Promise.all(processes.map(messageOf))
        const held = messages.flatMap((message) => message['held'] as HeldTime[])
        expect(held).to.have.length(48)
        expect(new Set(held.map(({ token }) => token)).size).to.equal(48)
        expect(mostAtOnce(held)).to.be.within(1, holders)
        const byTime = held.toSorted((a, b) => a.fromMs - b.fromMs).map(({ token }) => token)
        if (holders === 1) expect(byTime).to.deep.equal(byTime.toSorted((a, b) => a - b))
      })
    }

    thorough('is had again when its term is over after its holder was killed', async function () {
      this.timeout(30_000)
      const options = { name: freshName(), termMs: TERM_MS }
      await using own = await openLease(kind, place, options)
      const holder = startHolder('hold', kind, place, options)
      const { token } = await messageOf(holder)
      holder.kill('SIGKILL')
      const next = await untilHad(own)
      expect(next.token).to.be.greaterThan(Number(token))
      await next.release()
    })
  })
}

async function untilHad({ lease }: OpenLease): Promise<LeaseGrant> {
  for (;;) {
    const grant = await lease.acquire()
    if (grant !== null) return grant
    await delay(20)
  }
}

function mostAtOnce(held: readonly HeldTime[]): number {
  return Math.max(
    ...held.map(({ fromMs }) => held.filter((other) => other.fromMs <= fromMs && fromMs < other.toMs).length),
  )
}
