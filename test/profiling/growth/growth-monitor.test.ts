import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { takeRunLock } from '../../helpers/internals/measure.js'
import { growthLimit } from '../../helpers/internals/profiling-growth.js'
import type { Environment } from '../../helpers/internals/support.js'
import { nodeEnvironment } from '../../helpers/internals/support.js'
import { GrowthMonitor } from '../../../src/profiling/index.js'
import type { FinishedGrowthEvent, GrowthMonitorOptions } from '../../../src/profiling/index.js'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import type { GrowthActionsResult } from '../fixtures/growth-actions.js'
import type { GrowthResult } from '../fixtures/growth.js'

/** A heap whose size, garbage and time the test decides. */
class World {
  nowMs = 0
  liveBytes = 0
  garbageBytes = 0
  collections = 0
  /** How long a collection takes. */
  collectionMs = 10

  readonly environment: Environment = {
    ...nodeEnvironment,
    now: () => this.nowMs,
    date: () => new Date(this.nowMs),
    heapUsedBytes: () => this.liveBytes + this.garbageBytes,
    collector: () => ({
      major: () => {
        this.collections++
        this.garbageBytes = 0
        this.nowMs += this.collectionMs
      },
      minor: () => undefined,
    }),
  }

  monitor(options: Partial<GrowthMonitorOptions> = {}): GrowthMonitor {
    const defaults = { quantity: 'heap', every: 100, coolDownMs: 1000, actions: [() => undefined] } as const
    return new GrowthMonitor({ ...defaults, environment: this.environment, ...options })
  }

  /** One look, a second later. */
  async check(monitor: GrowthMonitor, liveBytes: number): Promise<FinishedGrowthEvent | null> {
    this.nowMs += 1000
    this.liveBytes = liveBytes
    return monitor.poll()
  }
}

describe('GrowthMonitor', () => {
  it('fires when the level has grown, and tells from what', async () => {
    const world = new World()
    await using monitor = world.monitor()
    expect(await world.check(monitor, 1000)).to.equal(null)
    expect(await world.check(monitor, 1099)).to.equal(null)
    const event = await world.check(monitor, 1100)
    expect(event).to.include({ trigger: 'step', quantity: 'heap', bytes: 1100, fromBytes: 1000 })
    expect(event?.results).to.have.length(1)
    expect(event?.results[0]).to.include({ action: 'callback', path: null, error: null })
  })

  it('collects before it fires: garbage is no growth', async () => {
    const world = new World()
    await using monitor = world.monitor()
    await world.check(monitor, 1000)
    world.garbageBytes = 500
    expect(await world.check(monitor, 1000)).to.equal(null)
    expect(monitor.statistics).to.include({ confirmations: 1, refuted: 1, firings: 0 })
  })

  it('spends at most a tenth of the time on collections', async () => {
    const world = new World()
    world.collectionMs = 5000
    await using monitor = world.monitor()
    await world.check(monitor, 1000)
    for (let poll = 0; poll < 500; poll++) {
      world.garbageBytes = 500
      await world.check(monitor, 1000)
    }
    expect((world.collections * world.collectionMs) / world.nowMs).to.be.at.most(0.11)
    expect(world.collections).to.be.greaterThan(5)
  })

  it('waits for the cool-down, and does not forget what was due', async () => {
    const world = new World()
    await using monitor = world.monitor({ coolDownMs: 5000 })
    await world.check(monitor, 1000)
    expect(await world.check(monitor, 1100)).to.not.equal(null)
    const checks = []
    for (let poll = 0; poll < 5; poll++) checks.push(await world.check(monitor, 1300))
    expect(checks.map((event) => event !== null)).to.deep.equal([false, false, false, false, true])
  })

  it('waits while a run is on, and fires after it', async () => {
    const world = new World()
    await using monitor = world.monitor()
    await world.check(monitor, 1000)
    const giveBack = takeRunLock()
    expect(await world.check(monitor, 1200)).to.equal(null)
    giveBack?.()
    expect(await world.check(monitor, 1200)).to.include({ trigger: 'step', delayMs: 1010 })
  })

  it('never has two firings at once', async () => {
    const world = new World()
    let end: (value?: unknown) => void = () => undefined
    let running = 0
    const action = (): Promise<unknown> => {
      running++
      return new Promise((resolve) => (end = resolve))
    }
    await using monitor = world.monitor({ actions: [action], coolDownMs: 0 })
    await world.check(monitor, 1000)
    const first = world.check(monitor, 1100)
    expect(await world.check(monitor, 2000)).to.equal(null)
    expect([running, monitor.isActing]).to.deep.equal([1, true])
    end()
    expect(await first).to.not.equal(null)
    const second = world.check(monitor, 2000)
    expect(running).to.equal(2)
    end()
    await second
  })

  it('goes on where an action or a listener throws, and tells it', async () => {
    const world = new World()
    const failures: unknown[] = []
    let hasRun = false
    const actions = [
      () => {
        throw new Error('no')
      },
      () => (hasRun = true),
    ]
    await using monitor = world.monitor({ actions })
    monitor.on('fired', () => {
      throw new Error('a listener')
    })
    monitor.on('failed', (error) => failures.push(error))
    await world.check(monitor, 1000)
    const event = await world.check(monitor, 1100)
    expect(event?.results[0]?.error).to.deep.equal({ code: 'ERR_GROWTH_ACTION', message: 'no' })
    expect([hasRun, failures.length]).to.deep.equal([true, 1])
  })

  it('writes what it observes, and no more files than allowed', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'growth-'))
    try {
      const world = new World()
      const coordinator = {
        allocator: { name: 'unavailable', statistic: null, mallctl: null },
        observe: () => ({ caches: [] }),
        attribute: () => Promise.reject(new Error('unused')),
        knownCaches: () => [],
      } as unknown as NonNullable<GrowthMonitorOptions['coordinator']>
      const options = { actions: ['observe'], coordinator, folder, maxFiles: 2, coolDownMs: 0 } as const
      await using monitor = world.monitor(options)
      for (let level = 1000; level < 2000; level += 200) await world.check(monitor, level)
      expect(readdirSync(folder).toSorted()).to.have.length(2)
      expect(readdirSync(folder)[0]).to.match(/^cache-attribution\.\d+\.\d{8}T\d{9}Z\.step\.observation\.json$/)
      expect(monitor.statistics.firings).to.equal(4)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('costs one action only where the disk cannot be written', async () => {
    const world = new World()
    const coordinator = { observe: () => 1, attribute: () => 1, allocator: {}, knownCaches: () => [] }
    const options = { actions: ['observe'], folder: '/proc/nowhere', coordinator } as unknown as GrowthMonitorOptions
    await using monitor = world.monitor(options)
    await world.check(monitor, 1000)
    const event = await world.check(monitor, 1100)
    expect(event?.results[0]?.error?.code).to.equal('ERR_GROWTH_ACTION')
  })

  for (const [options, words] of [
    [{ every: undefined }, 'needs a rule'],
    [{ actions: ['dump'] }, `"folder" is needed: action 'dump' writes files`],
    [{ actions: ['observe'], folder: '/tmp' }, `"coordinator" is needed for action 'observe'`],
    [{ everyBytes: 1 }, 'GrowthMonitor has no option "everyBytes"'],
    [{ prefix: '../x' }, '"prefix" must be letters'],
    [{ actions: [] }, '"actions" must be a list of actions'],
    [{ actions: ['dump', 'dump'], folder: '/tmp' }, '"actions" has an action twice'],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      expect(() => new World().monitor(options as object)).to.throw(words)
    })
  }
})

describe('the limit of a quantity', () => {
  const files = (texts: Record<string, string>) => (file: string) => texts[file] ?? null

  it('is the least of the control groups, of version 2', () => {
    const read = files({
      '/proc/self/cgroup': '0::/pods/a\n',
      '/sys/fs/cgroup/pods/a/memory.max': 'max\n',
      '/sys/fs/cgroup/pods/a/memory.current': '5\n',
      '/sys/fs/cgroup/pods/memory.max': '2000\n',
      '/sys/fs/cgroup/pods/memory.current': '5\n',
      '/sys/fs/cgroup/memory.max': '3000\n',
      '/sys/fs/cgroup/memory.current': '5\n',
    })
    expect(growthLimit('rss', read)).to.equal(2000)
  })

  it('is that of version 1, whose largest number is no limit', () => {
    const group = (limit: string): ReturnType<typeof files> =>
      files({
        '/proc/self/cgroup': '4:memory:/a\n',
        '/sys/fs/cgroup/memory/a/memory.limit_in_bytes': limit,
        '/sys/fs/cgroup/memory/a/memory.usage_in_bytes': '5\n',
      })
    expect(growthLimit('allocated', group('4096\n'))).to.equal(4096)
    expect(growthLimit('allocated', group('9223372036854771712\n'))).to.equal(null)
  })

  it("is V8's own for the heap, where that is less", () => {
    expect(growthLimit('heap', () => null)).to.be.greaterThan(2 ** 20)
  })
})

/** jemalloc's own, where nothing else is asked for. */
const SAMPLE_BYTES = 512 * 1024

describe('a monitor beside real growth', function () {
  let result: GrowthResult
  before(async function () {
    needsJemalloc(this)
    this.timeout(60_000)
    const folder = mkdtempSync(path.join(os.tmpdir(), 'growth-'))
    try {
      result = await runFixture<GrowthResult>('profiling/fixtures/growth', {
        preload: 'jemalloc',
        env: { MALLOC_CONF: 'prof:true,prof_active:false' },
        args: [folder],
        timeoutMs: 55_000,
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('fires at a jump, and its dump shows it', () => {
    const [first, last] = [result.jump[0], result.jump.at(-1)]
    const grownBytes = (last?.bytes ?? NaN) - (first?.fromBytes ?? NaN)
    expect(grownBytes).to.be.greaterThan(32 * 2 ** 20)
    // The dump is made after that reading; it is an estimate of samples, whose standard error this is.
    const errorBytes = Math.sqrt(grownBytes * SAMPLE_BYTES)
    expect(result.jumpBytes).to.be.greaterThan(grownBytes - 4 * errorBytes)
  })

  it('fires at a climb', () => {
    expect(result.climb).to.have.length.within(1, 2)
    for (const { bytes, fromBytes } of result.climb) expect(bytes - fromBytes).to.be.at.least(32 * 2 ** 20)
  })

  it('never fires at a sawtooth that nets zero', () => {
    expect(result.churnedBytes).to.be.greaterThan(1.6e9)
    expect(result.sawtooth).to.deep.equal([])
  })

  it('keeps no more files than allowed, each for its owner alone', () => {
    expect(result.files).to.have.length.within(2, 3)
    expect(new Set(result.fileModes)).to.deep.equal(new Set(['600']))
    expect(result.failures).to.deep.equal([])
  })

  it('has profiling on while it watches, and off afterwards', () => {
    expect(result.active).to.deep.equal([true, true, true, false])
  })
})

describe('what a monitor does when it fires', function () {
  let result: GrowthActionsResult
  before(async function () {
    needsJemalloc(this)
    this.timeout(60_000)
    const folder = mkdtempSync(path.join(os.tmpdir(), 'growth-'))
    try {
      const options = { preload: 'jemalloc', args: [folder], timeoutMs: 55_000 } as const
      result = await runFixture<GrowthActionsResult>('profiling/fixtures/growth-actions', options)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('is all that was asked for, each into a file of its own for its owner alone', () => {
    expect(result.failures).to.deep.equal([])
    expect(result.results.map(({ error }) => error)).to.deep.equal([null, null, null, null, null])
    expect(
      result.results.map(({ path: name }) => name?.replace(/^cache-attribution\.\d+\.\w+\.step\./, '')),
    ).to.deep.equal(['observation.json', 'attribution.json', 'discovery.json', 'heapsnapshot', undefined])
    expect(result.modes).to.deep.equal(['600', '600', '600', '600'])
  })

  it('is an observation, with what the caches hold', () => {
    expect(result.observation.event.trigger).to.equal('step')
    expect(result.observation.observation).to.have.nested.property('caches[0].name', 'registered')
  })

  it('is a run in a twin: the cache is measured, and keeps every entry', () => {
    expect(result.report).to.include({ mode: 'twin', trigger: 'growth' })
    const bytes = result.report.caches[0]?.released.allocatedBytes
    expect(bytes).to.be.within(0.9 * 200 * 16_384, 1.2 * 200 * 16_384)
    expect(result.entries).to.equal(200)
  })

  it('is a discovery of what nobody registered', () => {
    const unknown = result.discovery.owners.filter(({ cache }) => cache === null)
    const variables = unknown.map(({ path: owner }) => owner?.replace(/\[\*\]$/, ''))
    expect(variables).to.include('growth').and.not.include('registered')
  })

  it("is a whole snapshot of V8's heap", () => {
    expect(result.snapshotNodes).to.be.greaterThan(20_000)
  })

  it('is one thing at a time, and no second firing meanwhile', () => {
    expect([result.mostAtOnce, result.firedMeanwhile]).to.deep.equal([1, 0])
  })

  it('waits while a run is on', () => {
    expect(result.aroundRun).to.deep.equal([false, true])
  })

  it('leaves no more files and bytes than allowed, snapshots included', () => {
    expect(result.keptKinds).to.deep.equal(['observation'])
    expect(result.keptBytes).to.be.within(1, 100_000)
  })
})
