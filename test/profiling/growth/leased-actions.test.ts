import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import type { Lease } from '../../../src/fleet/index.js'
import { GrowthMonitor } from '../../../src/profiling/index.js'
import type { FinishedGrowthEvent, GrowthMonitorOptions } from '../../../src/profiling/index.js'
import { nodeEnvironment } from '../../helpers/internals/support.js'
import type { Environment } from '../../helpers/internals/support.js'

type GrowthActionResult = FinishedGrowthEvent['results'][number]
type Coordinator = NonNullable<GrowthMonitorOptions['coordinator']>

describe('a GrowthMonitor with a lease', () => {
  let folder: string
  let nowMs: number
  let liveBytes: number

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'growth-'))
    ;[nowMs, liveBytes] = [0, 1000]
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  /** What became of the actions when the level has grown. */
  async function grown(lease: Lease, attribute?: (options: object) => Promise<unknown>): Promise<GrowthActionResult[]> {
    const environment: Environment = {
      ...nodeEnvironment,
      now: () => nowMs,
      heapUsedBytes: () => liveBytes,
      collector: () => ({ major: () => undefined, minor: () => undefined }),
      yieldToLoop: (ms) => {
        nowMs += ms
        return Promise.resolve()
      },
    }
    const coordinator = {
      allocator: { name: 'unavailable', statistic: null, mallctl: null },
      observe: () => ({ caches: [] }),
      attribute: attribute ?? (() => Promise.resolve({ caches: [] })),
      knownCaches: () => [],
    } as unknown as Coordinator
    const options = { quantity: 'heap', every: 100, environment, coordinator, folder, lease } as const
    await using monitor = new GrowthMonitor({ ...options, actions: ['observe', 'attribute'] })
    await monitor.poll()
    liveBytes += 500
    return [...((await monitor.poll())?.results ?? [])]
  }

  const granted = (wasHeld = true): { lease: Lease; lost: AbortController } => {
    const lost = new AbortController()
    const release = (): Promise<boolean> => Promise.resolve(wasHeld && !lost.signal.aborted)
    return { lease: { acquire: () => Promise.resolve({ token: 17, signal: lost.signal, release }) }, lost }
  }

  it('asks it before a twin, and for nothing else', async () => {
    const { lease } = granted()
    const results = await grown(lease)
    expect(results.map(({ action, leaseToken, error }) => [action, leaseToken, error])).to.deep.equal([
      ['observe', null, null],
      ['attribute', 17, null],
    ])
  })

  it('waits for it, and no longer than it may', async () => {
    let tries = 0
    const acquire = (): Promise<null> => {
      tries++
      return Promise.resolve(null)
    }
    const [observed, attributed] = await grown({ acquire })
    expect(observed?.error).to.equal(null)
    expect(attributed).to.deep.include({ path: null, leaseToken: null })
    expect(attributed?.error?.code).to.equal('ERR_LEASE_TAKEN')
    expect(attributed?.durationMs).to.be.within(60_000, 60_001)
    expect(tries).to.be.greaterThan(10)
    expect(readdirSync(folder)).to.have.length(1)
  })

  it('ends an action whose lease is lost, and leaves no file of it', async () => {
    const { lease, lost } = granted()
    const [, attributed] = await grown(lease, (options) => {
      lost.abort()
      const { signal } = options as { signal?: AbortSignal }
      return signal?.aborted === true ? Promise.reject(new Error('aborted')) : Promise.resolve({})
    })
    expect(attributed).to.deep.include({ path: null, leaseToken: 17 })
    expect(attributed?.error?.code).to.equal('ERR_LEASE_LOST')
    expect(readdirSync(folder)).to.have.length(1)
  })

  it('keeps the file of an action that ended before the loss was known, and says so', async () => {
    const [, attributed] = await grown(granted(false).lease)
    expect(attributed?.path).to.match(/attribution/)
    expect(attributed?.error?.code).to.equal('ERR_LEASE_LOST')
    expect(readdirSync(folder)).to.have.length(2)
  })
})
