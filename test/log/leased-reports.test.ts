import { expect } from 'chai'
import type { Lease, LeaseGrant } from '../../src/fleet/index.js'
import { PeriodicReporter } from '../../src/log/index.js'
import type { PeriodicReporterOptions } from '../../src/log/index.js'
import type { AttributionReport } from '../../src/index.js'
import { FakeCoordinator, FakeTime, KeptLines, report, settled } from './world.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A lease that does as the test says. */
class FakeLease implements Lease {
  isTaken = false
  failure: Error | undefined
  tries = 0
  released = 0
  readonly lost: AbortController[] = []
  /** What release() resolves to. */
  wasHeld = true

  acquire(): Promise<LeaseGrant | null> {
    this.tries++
    if (this.failure !== undefined) return Promise.reject(this.failure)
    if (this.isTaken) return Promise.resolve(null)
    const controller = new AbortController()
    const token = this.lost.push(controller)
    const release = (): Promise<boolean> => {
      this.released++
      return Promise.resolve(this.wasHeld && !controller.signal.aborted)
    }
    return Promise.resolve({ token, signal: controller.signal, release })
  }
}

describe('a PeriodicReporter with a lease', () => {
  let time: FakeTime
  let coordinator: FakeCoordinator
  let logger: KeptLines
  let lease: FakeLease
  let reporter: PeriodicReporter | undefined

  beforeEach(() => {
    time = new FakeTime()
    coordinator = new FakeCoordinator()
    logger = new KeptLines()
    lease = new FakeLease()
  })

  afterEach(async () => {
    await reporter?.close()
  })

  function start(options: PeriodicReporterOptions = {}): PeriodicReporter {
    const defaults = { logger, lease, jitter: 0, environment: time.environment }
    reporter = new PeriodicReporter(coordinator, {
      ...defaults,
      schedules: [{ every: HOUR, mode: 'twin' }],
      ...options,
    })
    return reporter
  }

  const fields = (): Record<string, unknown>[] => logger.lines.map((line) => line.fields)

  it('runs under a grant, gives it back, and logs its token', async () => {
    let signal: AbortSignal | undefined
    coordinator.attribute = (options) => {
      ;({ signal } = options as { signal?: AbortSignal })
      return Promise.resolve(report())
    }
    start()
    await time.pass(HOUR)
    expect(signal).to.equal(lease.lost[0]?.signal)
    expect(fields()[0]).to.include({ event: 'memory-report', leaseToken: 1 })
    expect(lease.released).to.be.at.least(1)
  })

  it('waits for its turn while observations go on, and begins when it comes', async () => {
    lease.isTaken = true
    start({ schedules: [{ every: 1000 }, { every: HOUR, mode: 'twin' }], leaseWaitMs: 30_000 })
    await time.pass(HOUR + 10_000)
    const observed = fields().filter(({ event }) => event === 'memory-observation')
    expect(observed.length).to.be.within(3608, 3610)
    expect(coordinator.calls).to.not.include('twin by schedule')
    lease.isTaken = false
    await time.pass(10_000)
    expect(coordinator.calls.filter((call) => call === 'twin by schedule')).to.have.length(1)
    // It asked a few times, and less often the longer it took.
    expect(lease.tries).to.be.within(4, 12)
  })

  it('skips a tick whose turn does not come in time, and says why', async () => {
    lease.isTaken = true
    start({ leaseWaitMs: 5000 })
    await time.pass(HOUR + MINUTE)
    expect(coordinator.calls).to.deep.equal([])
    expect(fields()[0]).to.include({ event: 'memory-report-skipped', skippedInARow: 1 })
    expect(fields()[0]?.['reason']).to.equal(
      'there is no lease: other processes held the lease for the 5000 ms that it was waited for',
    )
  })

  it('measures nothing where the store of the lease fails, and asks again', async () => {
    lease.failure = new Error('connect ECONNREFUSED')
    start({ leaseWaitMs: 5000 })
    await time.pass(HOUR + MINUTE)
    expect(coordinator.calls).to.deep.equal([])
    expect(fields()[0]?.['reason']).to.equal('there is no lease: connect ECONNREFUSED')
    lease.failure = undefined
    await time.pass(HOUR)
    expect(coordinator.calls).to.deep.equal(['twin by schedule'])
  })

  it('ends a run whose lease is lost', async () => {
    coordinator.attribute = (options) =>
      new Promise((_, reject) => {
        const { signal } = options as { signal: AbortSignal }
        signal.addEventListener('abort', () => {
          reject(new Error('aborted'))
        })
      })
    start()
    await time.pass(HOUR)
    lease.lost[0]?.abort()
    await settled()
    expect(fields()[0]).to.include({ event: 'memory-report-failed', code: 'ERR_LEASE_LOST' })
    expect(fields()[0]?.['message']).to.match(/token 1 /)
  })

  it('marks the report of a run that ended before it knew that its lease was lost', async () => {
    const kept: AttributionReport[] = []
    const history = { append: (one: AttributionReport) => kept.push(one), appendObservation: () => undefined }
    lease.wasHeld = false
    start({ history })
    await time.pass(HOUR)
    expect(fields()[0]).to.deep.include({ event: 'memory-report', leaseToken: 1, warnings: ['WARN_LEASE_LOST'] })
    expect(kept[0]?.warnings.map(({ code }) => code)).to.deep.equal(['WARN_LEASE_LOST'])
  })

  it('asks no lease for an observation, nor where a run would be skipped anyway', async () => {
    start({ schedules: [{ every: MINUTE }, { every: HOUR, mode: 'twin' }] })
    coordinator.isRunning = true
    await time.pass(HOUR)
    expect(lease.tries).to.equal(0)
    expect(fields().some(({ reason }) => reason === 'a run is under way')).to.equal(true)
  })

  it('ends its wait when it is closed, and keeps no grant', async () => {
    lease.isTaken = true
    const closing = start()
    await time.pass(HOUR)
    await closing.close()
    expect([coordinator.calls, fields(), time.timers]).to.deep.equal([[], [], 0])
    expect(lease.released).to.equal(lease.lost.length)
  })

  it('takes what is no grant for a failing store, and refuses what is no lease', async () => {
    lease.acquire = () => Promise.resolve({ token: 'one' } as unknown as LeaseGrant)
    start({ leaseWaitMs: 0 })
    await time.pass(HOUR)
    expect(String(fields()[0]?.['reason'])).to.match(/there is no lease: its acquire\(\) gave neither null nor a grant/)
    for (const value of [{}, 'redis', () => null] as unknown as Lease[]) {
      expect(() => new PeriodicReporter(coordinator, { lease: value })).to.throw(
        '"lease" must be a lease with acquire()',
      )
    }
  })
})
