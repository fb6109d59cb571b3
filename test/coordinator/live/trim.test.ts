/** Trim mode, in a process of a few numbers: what is asked of a cache, what becomes of its parts, and of hostile ones. */
import { expect } from 'chai'
import type { Releasable, TrimContext, AttributeOptions, AttributionReport } from '../../../src/index.js'
import type { TrimChoice } from '../../helpers/internals/coordinator.js'
import { planTrim } from '../../helpers/internals/coordinator-live.js'
import { KIB, MIB, World, remainderOf, rowOf, turn, warningsOf } from '../world.js'

const TRIM: AttributeOptions = { mode: 'trim' }

/** A cache of entries of one size that can be trimmed; it keeps what it was asked. */
class TrimmableCache implements Releasable {
  readonly asked: { readonly fraction: number; readonly choice: string; readonly mode: string }[] = []
  readonly trimChoices: readonly TrimChoice[]
  count: number
  readonly #world: World
  readonly #entryBytes: number

  constructor(
    world: World,
    { count = 1000, entryBytes = KIB, choices = ['coldest', 'random'] as readonly TrimChoice[] } = {},
  ) {
    this.#world = world
    this.#entryBytes = entryBytes
    this.count = count
    this.trimChoices = choices
    world.allocate({ allocated: count * entryBytes })
  }

  release(): void {
    this.drop(this.count)
  }

  trim(fraction: number, { choice, mode }: TrimContext): unknown {
    this.asked.push({ fraction, choice, mode })
    this.drop(Math.round(this.count * fraction))
    return undefined
  }

  entries(): number {
    return this.count
  }

  drop(count: number): void {
    this.count -= count
    this.#world.garbage = {
      ...this.#world.garbage,
      allocated: this.#world.garbage.allocated + count * this.#entryBytes,
    }
  }
}

describe('attribute() in trim mode', () => {
  it('drops the share in parts, half of it the coldest, half at random', async () => {
    const world = new World()
    const cache = new TrimmableCache(world)
    const report = await run(world, { cache })
    expect(cache.asked.map(({ choice }) => choice)).to.deep.equal(['coldest', ...Array<string>(5).fill('random')])
    expect(new Set(cache.asked.map(({ mode }) => mode))).to.deep.equal(new Set(['trim']))
    expect(cache.count).to.be.within(945, 955)
    expect(rowOf(report, 'cache').trim).to.deep.include({
      batches: 6,
      basis: 'entries',
      entriesDropped: 1000 - cache.count,
    })
  })

  it('takes all of it at random when asked to', async () => {
    const world = new World()
    const cache = new TrimmableCache(world)
    await run(world, { cache }, { ...TRIM, choice: 'random', fraction: 0.2 })
    expect(cache.asked.every(({ choice }) => choice === 'random')).to.equal(true)
    expect(cache.count).to.be.within(795, 805)
  })

  it('tells the whole, what was dropped of it, and the whole as last measured', async () => {
    const world = new World()
    const cache = new TrimmableCache(world)
    const coordinator = world.coordinator({ controls: 4 })
    coordinator.register('cache', cache)
    const report = await coordinator.attribute(TRIM)
    const { status, released, estimated, estimatedUncertaintyBytes, window, entriesBefore, entriesAfter } = rowOf(
      report,
      'cache',
    )
    expect({ status, window, entriesBefore, entriesAfter }).to.deep.equal({
      status: 'trimmed',
      window: 'atomic',
      entriesBefore: 1000,
      entriesAfter: cache.count,
    })
    expect(released.allocatedBytes).to.equal((1000 - cache.count) * KIB)
    expect(estimated?.allocatedBytes).to.equal(1000 * KIB)
    expect(estimatedUncertaintyBytes).to.be.greaterThan(0)
    expect(coordinator.observe().caches[0]?.lastMeasured?.allocatedBytes).to.equal(1000 * KIB)
  })

  it('adds up: rows and unattributed are before less after, and the floor is without the estimates', async () => {
    const world = new World()
    const floor = world.live.allocated
    const report = await run(world, {
      a: new TrimmableCache(world),
      b: new TrimmableCache(world, { entryBytes: 3 * KIB }),
    })
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
    expect(report.floor.allocatedBytes).to.equal(floor)
  })

  it('skips a cache that cannot drop a part, with the reason', async () => {
    const world = new World()
    const whole = world.cache('whole', { heap: MIB })
    const report = await run(world, { whole, part: new TrimmableCache(world) })
    expect(rowOf(report, 'whole')).to.deep.include({ status: 'skipped' })
    expect(rowOf(report, 'whole').error?.code).to.equal('ERR_TRIM_UNSUPPORTED')
    expect([whole.releases, rowOf(report, 'part').status]).to.deep.equal([0, 'trimmed'])
  })

  it('leaves out what is lossy or costly to refill, as a release does', async () => {
    const world = new World()
    const coordinator = world.coordinator()
    const cache = new TrimmableCache(world)
    coordinator.register('sessions', cache, { lossless: false })
    expect(rowOf(await coordinator.attribute(TRIM), 'sessions').error?.code).to.equal('ERR_RELEASE_UNNAMED')
    expect(cache.asked).to.deep.equal([])
  })

  it('has one row and one event for a cache, however many parts it has', async () => {
    const world = new World()
    const coordinator = world.coordinator()
    coordinator.register('cache', new TrimmableCache(world))
    const events: string[] = []
    coordinator.on('cache-released', ({ name, status, allocatedBytes }) =>
      events.push(`${name} ${status} ${String(allocatedBytes)}`),
    )
    const planned: (readonly string[])[] = []
    coordinator.on('run-planned', ({ order }) => planned.push(order))
    const report = await coordinator.attribute(TRIM)
    expect(report.caches).to.have.lengthOf(1)
    expect(events).to.deep.equal([`cache trimmed ${String(report.caches[0]?.released.allocatedBytes)}`])
    expect(planned).to.deep.equal([['cache']])
  })

  it('counts each part by itself where several share a turn', async () => {
    const world = new World()
    const report = await run(world, { cache: new TrimmableCache(world) }, { ...TRIM, budget: { pauseMs: 10_000 } })
    const { trim, entriesBefore, entriesAfter, estimated } = rowOf(report, 'cache')
    expect(trim).to.deep.include({ batches: 6, entriesDropped: (entriesBefore ?? NaN) - (entriesAfter ?? NaN) })
    expect(estimated?.allocatedBytes).to.equal(1000 * KIB)
  })

  it('has what went right after a turn of its parts alone in its row and its estimate', async () => {
    const world = new World()
    const cache = new TrimmableCache(world)
    world.allocate({ allocated: 30 * MIB })
    let isLeft = true
    world.whileResting = () => {
      if (isLeft && cache.count < 1000) {
        world.free({ allocated: 30 * MIB })
        isLeft = false
      }
    }
    const report = await run(world, { cache }, { ...TRIM, budget: { pauseMs: 150 }, controls: 3 })
    const { released, late, estimated, estimatedUncertaintyBytes } = rowOf(report, 'cache')
    const dropped = (1000 - cache.count) * KIB
    expect(late?.allocatedBytes).to.equal(30 * MIB)
    expect(released.allocatedBytes).to.equal(30 * MIB + dropped)
    expect(estimated?.allocatedBytes).to.be.greaterThan(300 * MIB)
    expect(estimatedUncertaintyBytes).to.be.greaterThan(300 * MIB)
    expect(warningsOf(report)).to.deep.equal(['WARN_LATE_BYTES'])
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
  })

  for (const [what, waits] of [
    ['between its deletes', 0],
    ['before its first delete too', 1],
  ] as const) {
    it(`counts what a part dropped that needs only microtasks: ${what}`, async () => {
      const world = new World()
      const cache = new TrimmableCache(world)
      const stepwise: Releasable = {
        release: () => undefined,
        entries: () => cache.count,
        claimedBytes: () => cache.count * KIB,
        trimChoices: ['random'],
        trim: async (fraction) => {
          for (let wait = waits; wait > 0; wait--) await Promise.resolve()
          for (let left = Math.round(cache.count * fraction); left > 0; left--) {
            cache.drop(1)
            await Promise.resolve()
          }
        },
      }
      const report = await run(world, { stepwise, fine: new TrimmableCache(world) })
      const { status, window, trim, estimated, entriesAfter } = rowOf(report, 'stepwise')
      expect({ status, window, entriesAfter }).to.deep.equal({
        status: 'trimmed',
        window: 'atomic',
        entriesAfter: cache.count,
      })
      expect(trim).to.deep.include({ batches: 6, entriesDropped: 1000 - cache.count })
      expect(estimated?.allocatedBytes).to.equal(1000 * KIB)
      expect(rowOf(report, 'fine').estimated?.allocatedBytes).to.equal(1000 * KIB)
    })
  }

  it('says when nothing speaks for the entries that stay', async () => {
    const world = new World()
    const report = await run(world, { cache: new TrimmableCache(world, { choices: ['coldest'] }) })
    const { estimated, estimatedUncertaintyBytes } = rowOf(report, 'cache')
    expect([estimated?.allocatedBytes, estimatedUncertaintyBytes]).to.deep.equal([1000 * KIB, null])
    expect(warningsOf(report)).to.deep.equal(['WARN_TRIM_COLDEST'])
  })

  for (const budget of [undefined, { pauseMs: 10_000 }]) {
    it(`asks nothing more of a cache that failed (${JSON.stringify(budget ?? {})})`, async () => {
      const world = new World()
      let calls = 0
      const broken: Releasable = {
        release: () => undefined,
        entries: () => 1000,
        trim: () => {
          if (++calls === 2) throw new Error('no more')
        },
      }
      const report = await run(
        world,
        { broken, fine: new TrimmableCache(world) },
        { ...TRIM, ...(budget && { budget }) },
      )
      expect(rowOf(report, 'broken')).to.deep.include({
        status: 'failed',
        error: { code: 'ERR_RELEASE_FAILED', message: 'no more' },
      })
      expect([calls, rowOf(report, 'fine').status, report.caches.length]).to.deep.equal([2, 'trimmed', 2])
      expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
    })
  }

  describe('of a cache whose trim() fails', () => {
    /** Each part drops its entries; the `failing`-th fails then. */
    const failingAt = (failing: number, cache: TrimmableCache, fail: () => unknown): Releasable => {
      let calls = 0
      return {
        release: () => undefined,
        entries: () => cache.count,
        trimChoices: ['random'],
        trim: (fraction, context) => {
          cache.trim(fraction, context)
          return ++calls === failing ? fail() : undefined
        },
      }
    }
    const FAILURES: readonly [how: string, fail: () => unknown, status: string][] = [
      [
        'throws',
        () => {
          throw new Error('no more')
        },
        'failed',
      ],
      ['rejects at once', () => Promise.reject(new Error('no more')), 'failed'],
      ['rejects in a later turn', () => turn().then(() => Promise.reject(new Error('no more'))), 'failed'],
      ['never ends', () => new Promise(() => {}), 'timed-out'],
    ]
    for (const [how, fail, status] of FAILURES) {
      it(`knows nothing of the whole where its first part ${how}, and keeps what was measured before`, async () => {
        const world = new World()
        const cache = new TrimmableCache(world)
        const coordinator = world.coordinator({ controls: 4, releaseTimeoutMs: 5 })
        coordinator.register('cache', failingAt(7, cache, fail))
        await coordinator.attribute(TRIM)
        const measured = coordinator.observe().caches[0]?.lastMeasured
        expect(measured?.allocatedBytes).to.equal(1000 * KIB)
        const report = await coordinator.attribute(TRIM)
        const row = rowOf(report, 'cache')
        expect(row.status).to.equal(status)
        expect(row).to.not.have.any.keys('estimated', 'estimatedUncertaintyBytes', 'trim')
        // The memory that it dropped before it failed came back all the same.
        expect(row.released.allocatedBytes).to.equal(((row.entriesBefore ?? NaN) - cache.count) * KIB)
        expect(row.entriesAfter).to.equal(cache.count)
        expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
        expect(coordinator.observe().caches[0]?.lastMeasured).to.deep.equal(measured)
        expect(coordinator.calibration.caches[0]?.points).to.have.lengthOf(1)
      })

      it(`estimates by the parts before the one that ${how}`, async () => {
        const world = new World()
        const cache = new TrimmableCache(world)
        const coordinator = world.coordinator({ controls: 4, releaseTimeoutMs: 5 })
        coordinator.register('cache', failingAt(4, cache, fail))
        const report = await coordinator.attribute(TRIM)
        const { trim, estimated, released, entriesBefore, ...row } = rowOf(report, 'cache')
        expect(row.status).to.equal(status)
        expect([trim?.batches, estimated?.allocatedBytes]).to.deep.equal([3, 1000 * KIB])
        expect(trim?.entriesDropped).to.be.below((entriesBefore ?? NaN) - cache.count)
        expect(released.allocatedBytes).to.equal((1000 - cache.count) * KIB)
        expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
        expect(coordinator.observe().caches[0]?.lastMeasured?.allocatedBytes).to.equal(1000 * KIB)
        expect(coordinator.calibration.caches).to.deep.equal([])
      })
    }
  })

  it('keeps what the parts showed of a cache that is unregistered between them', async () => {
    const world = new World()
    const coordinator = world.coordinator()
    const cache = new TrimmableCache(world)
    const registration = coordinator.register('cache', cache)
    world.whileResting = () => {
      if (cache.asked.length === 3) registration.unregister()
    }
    const report = await coordinator.attribute(TRIM)
    expect(rowOf(report, 'cache')).to.deep.include({ status: 'trimmed' })
    expect(rowOf(report, 'cache').trim?.batches).to.equal(3)
    expect(report.caches).to.have.lengthOf(1)
  })

  it('makes one row of a trim that goes on in later turns, and asks it once', async () => {
    const world = new World()
    const cache = new TrimmableCache(world)
    const slow: Releasable = {
      release: () => undefined,
      entries: () => cache.count,
      trimChoices: ['random'],
      trim: async (fraction, context) => {
        await turn()
        cache.trim(fraction, context)
      },
    }
    const coordinator = world.coordinator()
    coordinator.register('slow', slow)
    const first = rowOf(await coordinator.attribute(TRIM), 'slow')
    expect([first.status, first.window, first.trim?.batches]).to.deep.equal(['trimmed', 'drift-corrected', 1])
    await coordinator.attribute(TRIM)
    expect(cache.asked).to.have.lengthOf(2)
    // Known to be asynchronous by then: the whole share at once.
    expect(cache.asked[1]?.fraction).to.equal(0.05)
  })

  it('drops the whole share at once, at random, where each reading waits for a collection of V8', async () => {
    const world = new World()
    const coordinator = world.coordinator({ gc: 'natural' })
    const cache = new TrimmableCache(world)
    coordinator.register('cache', cache)
    const { status, window, trim } = rowOf(await coordinator.attribute(TRIM), 'cache')
    expect([status, window, trim?.entriesDropped, trim?.entriesAtRandom]).to.deep.equal([
      'trimmed',
      'drift-corrected',
      50,
      50,
    ])
    expect(cache.asked).to.have.lengthOf(1)
  })

  it('survives a cache that drops nothing, everything, or counts nonsense', async () => {
    const world = new World()
    const nothing: Releasable = { release: () => undefined, entries: () => 1000, trim: () => undefined }
    const everything = new TrimmableCache(world)
    const all: Releasable = {
      release: () => undefined,
      entries: () => everything.count,
      trim: () => everything.release(),
    }
    const nonsense: Releasable = { release: () => undefined, entries: () => NaN, trim: () => undefined }
    const report = await run(world, { nothing, all, nonsense })
    expect(report.caches.map(({ status }) => status)).to.deep.equal(['trimmed', 'trimmed', 'trimmed'])
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
    expect(warningsOf(report)).to.include('WARN_CACHE_METHOD')
    expect(rowOf(report, 'nothing').estimated?.totalBytes).to.equal(null)
    for (const { estimated } of report.caches) {
      for (const bytes of Object.values(estimated ?? {}))
        expect(bytes === null || Number.isFinite(bytes)).to.equal(true)
    }
  })

  it('is another run than one that releases, and than one of another share', async () => {
    const world = new World()
    const coordinator = world.coordinator()
    coordinator.register('cache', new TrimmableCache(world))
    const first = coordinator.attribute(TRIM)
    for (const other of [{}, { ...TRIM, fraction: 0.1 }, { ...TRIM, choice: 'random' as const }]) {
      await coordinator.attribute(other).then(
        () => expect.fail('it was joined'),
        (error: unknown) => expect(error).to.have.property('code', 'ERR_RUN_IN_PROGRESS'),
      )
    }
    expect(await coordinator.attribute({ ...TRIM, fraction: 0.05 })).to.equal(await first)
  })
})

describe('register() refuses', () => {
  const release = (): undefined => undefined
  for (const [what, given, code] of [
    ['a trim that is no function', { release, trim: 0.05 }, 'ERR_OPTION_TYPE'],
    ['choices that are no array', { release, trimChoices: 'random' }, 'ERR_OPTION_TYPE'],
    ['no choice at all', { release, trimChoices: [] }, 'ERR_OPTION_TYPE'],
    ['a choice that does not exist', { release, trimChoices: ['hottest'] }, 'ERR_OPTION_RANGE'],
    ['traits that do not exist', { release, traits: { lossles: true } }, 'ERR_OPTION_UNKNOWN'],
    ['traits that are no object', { release, traits: 'low' }, 'ERR_OPTION_TYPE'],
  ] as const) {
    it(what, () => {
      const coordinator = new World().coordinator()
      expect(() => coordinator.register('cache', given as never)).to.throw(code)
      expect(coordinator.names).to.deep.equal([])
    })
  }
})

describe('the parts of a trim', () => {
  const plan = (entries: number | null, choice: 'coldest' | 'random' = 'coldest', fraction = 0.05): number[] =>
    (
      planTrim(
        { mode: 'trim', fraction, choice },
        { release: () => undefined, trim: () => undefined, trimChoices: ['coldest', 'random'] },
        { entries, isStepped: false },
      ) ?? []
    ).map(({ share }) => share)

  it('are as many as there are entries to drop, and six at most', () => {
    expect([0, 10, 40, 100, 1e6].map((entries) => plan(entries).length)).to.deep.equal([1, 1, 2, 5, 6])
    expect(plan(null)).to.have.lengthOf(6)
  })

  it('are the share together', () => {
    for (const entries of [3, 60, 1e5]) {
      for (const choice of ['coldest', 'random'] as const) {
        expect(plan(entries, choice).reduce((sum, share) => sum + share, 0)).to.be.closeTo(0.05, 1e-12)
      }
    }
    expect(plan(1e5, 'coldest', 1).reduce((sum, share) => sum + share, 0)).to.be.closeTo(1, 1e-12)
  })
})

async function run(
  world: World,
  caches: Readonly<Record<string, Releasable>>,
  options: AttributeOptions = TRIM,
): Promise<AttributionReport> {
  const coordinator = world.coordinator()
  for (const [name, cache] of Object.entries(caches)) coordinator.register(name, cache)
  return coordinator.attribute(options)
}
