import { expect } from 'chai'
import { releaseUnderPressure } from '../../../src/index.js'
import type { Coordinator, PressureOptions, PressureRound, PressureWatch } from '../../../src/index.js'
import { formatRound, pressureParts } from '../../helpers/internals/coordinator-pressure.js'
import { codeOf } from '../../helpers/internals/support.js'
import { MIB, World, rejectionOf, thrownBy, turns, warningsOf } from '../world.js'

/** Resident without any cache. */
const BASE = 100 * MIB
const HOUR_MS = 3_600_000

/** A process whose resident memory is its live memory, with garbage, and a base. */
function pressed(): { world: World; coordinator: Coordinator } {
  const world = new World()
  const start = world.live
  const figures = (): ReturnType<World['environment']['figures']> => ({
    ...world.environment.figures(),
    rssBytes: BASE + world.live.allocated - start.allocated + world.live.heap - start.heap,
  })
  return { world, coordinator: world.coordinator({ environment: { ...world.environment, figures } }) }
}

describe('a release under pressure', () => {
  let world: World
  let coordinator: Coordinator
  let watch: PressureWatch | undefined
  let lines: string[]
  beforeEach(() => {
    ;({ world, coordinator } = pressed())
    watch = undefined
    lines = []
  })
  afterEach(async () => {
    watch?.stop()
    await coordinator.close()
  })

  /** At most 200 MiB; a round begins at 180 and ends at 160. Nothing polls. */
  function watching(options: Partial<PressureOptions> = {}): PressureWatch {
    watch = releaseUnderPressure(coordinator, {
      below: '90%',
      limit: 200 * MIB,
      intervalMs: HOUR_MS,
      coolDownMs: 0,
      log: (line) => lines.push(line),
      ...options,
    })
    return watch
  }

  const statuses = (round: PressureRound | null): Record<string, string> =>
    Object.fromEntries((round?.caches ?? []).map(({ name, status }) => [name, status]))

  it('does nothing below its share, and releases what is needed at it', async () => {
    const small = world.cache('small', { allocated: 30 * MIB })
    const large = world.cache('large', { allocated: 45 * MIB })
    coordinator.register('small', small)
    coordinator.register('large', large)
    watching()
    expect(await watch?.check()).to.equal(null)
    world.allocate({ heap: 6 * MIB })
    const round = await watch?.check()
    expect(statuses(round ?? null)).to.deep.equal({ large: 'released', small: 'spared' })
    expect(round).to.deep.include({
      isRelieved: true,
      freedBytes: 45 * MIB,
      dryRun: false,
      isPurged: false,
      keptBytes: 0,
    })
    expect(round).to.deep.include({ belowBytes: 180 * MIB, untilBytes: 160 * MIB })
    expect(round?.before.usedBytes).to.equal(181 * MIB)
    expect(round?.after?.usedBytes).to.equal(136 * MIB)
    expect([small.releases, large.releases]).to.deep.equal([0, 1])
    expect(watch?.last).to.equal(round)
  })

  it('says what it did in a line, in an event, and in the next report', async () => {
    coordinator.register('pages', world.cache('pages', { allocated: 90 * MIB }))
    const rounds: PressureRound[] = []
    coordinator.on('released-under-pressure', (round) => rounds.push(round))
    const round = await watching().check()
    expect(rounds).to.deep.equal([round])
    expect(lines).to.have.length(1)
    expect(lines[0]).to.match(
      /^memory pressure: 190\.0 MiB of 200\.0 MiB \(95\.0 %, the given limit\): released "pages"/,
    )
    expect(lines[0]).to.include('90.00 MiB back, 90.00 MiB expected, by its claim alone')
    expect(lines[0]).to.include('RSS fell by 90.00 MiB')
    const first = await coordinator.attribute()
    expect(warningsOf(first)).to.include('WARN_RELEASED_UNDER_PRESSURE')
    expect(first.warnings.find(({ code }) => code === 'WARN_RELEASED_UNDER_PRESSURE')?.caches).to.deep.equal(['pages'])
    expect(warningsOf(await coordinator.attribute())).not.to.include('WARN_RELEASED_UNDER_PRESSURE')
  })

  it('goes by measurements, scaled to what a twin saw return, before claims', async () => {
    const [native, torn] = [
      world.cache('native', { allocated: 30 * MIB }),
      world.cache('torn', { allocated: 50 * MIB }),
    ]
    coordinator.register('torn', { ...torn, claimedBytes: () => null })
    coordinator.register('native', { ...native, claimedBytes: () => null })
    coordinator.register('claims', { release: () => undefined, claimedBytes: () => 900 * MIB })
    const caches = pressureParts(coordinator)?.caches() ?? []
    const found = (totalBytes: number): (typeof caches)[number]['lastMeasured'] => ({
      allocatedBytes: totalBytes,
      heapBytes: 0,
      mappedBytes: null,
      totalBytes,
      uncertaintyBytes: 1,
      reportId: '',
      measuredAt: '2026-01-01T00:00:00.000Z',
    })
    for (const cache of caches) {
      if (cache.name === 'claims') continue
      cache.lastMeasured = found(cache.name === 'torn' ? 50 * MIB : 30 * MIB)
      // Neighbours hold nearly all of its pages.
      if (cache.name === 'torn') cache.lastReturned = { residentBytes: 5 * MIB, measuredBytes: 50 * MIB }
    }
    world.allocate({ heap: 9 * MIB })
    const round = await watching().check()
    expect(
      round?.caches.map(({ name, status, expectedBytes, basis }) => [name, status, expectedBytes, basis]),
    ).to.deep.equal([
      ['native', 'released', 30 * MIB, 'measured'],
      ['torn', 'spared', 5 * MIB, 'returned'],
      ['claims', 'spared', 900 * MIB, 'claimed'],
    ])
  })

  it('never asks a cache again whose release failed, and goes on with the others', async () => {
    let calls = 0
    coordinator.register('throws', {
      release: () => {
        calls++
        throw new Error('no such table')
      },
      claimedBytes: () => 900 * MIB,
    })
    coordinator.register('rejects', {
      release: async () => Promise.reject(new Error('gone')),
      claimedBytes: () => 800 * MIB,
    })
    coordinator.register('good', world.cache('good', { allocated: 90 * MIB }))
    watching()
    const round = await watch?.check()
    expect(statuses(round ?? null)).to.deep.equal({ throws: 'failed', rejects: 'failed', good: 'released' })
    expect(round?.caches[0]?.error).to.deep.equal({ code: 'ERR_RELEASE_FAILED', message: 'no such table' })
    expect(lines[0]).to.include('"throws" failed: no such table')
    world.allocate({ heap: 90 * MIB })
    const second = await watch?.check()
    expect(statuses(second ?? null)).to.deep.include({ throws: 'skipped', rejects: 'skipped' })
    expect(calls).to.equal(1)
  })

  it('leaves out what is not lossless, costs nothing but words in a dry run', async () => {
    const lossy = world.cache('lossy', { allocated: 50 * MIB })
    const good = world.cache('good', { allocated: 40 * MIB })
    coordinator.register('lossy', lossy, { lossless: false })
    coordinator.register('good', good)
    const round = await watching({ dryRun: true }).check()
    expect(statuses(round)).to.deep.equal({ good: 'would-release', lossy: 'skipped' })
    expect(round).to.deep.include({ dryRun: true, after: null, freedBytes: 0, isRelieved: true })
    expect([lossy.releases, good.releases]).to.deep.equal([0, 0])
    expect(lines[0]).to.match(/^memory pressure \(dry run\): .*: would release "good" .* which is enough$/)
    expect(warningsOf(await coordinator.attribute())).not.to.include('WARN_RELEASED_UNDER_PRESSURE')
  })

  it('trims a measured cache that can, and releases the rest where that was not enough', async () => {
    const shares: number[] = []
    let kept = 60
    const lru = (drops: (fraction: number) => number): Parameters<Coordinator['register']>[1] => ({
      release: () => {
        world.free({ allocated: kept * MIB })
        kept = 0
      },
      trim: (fraction) => {
        shares.push(fraction)
        const dropped = drops(fraction)
        kept -= dropped
        world.free({ allocated: dropped * MIB })
      },
      entries: () => kept,
    })
    const measure = (name: string): void => {
      const cache = (pressureParts(coordinator)?.caches() ?? []).find((each) => each.name === name)
      if (cache === undefined) throw new Error(name)
      cache.lastMeasured = {
        ...{ allocatedBytes: 60 * MIB, heapBytes: 0, mappedBytes: null, totalBytes: 60 * MIB },
        ...{ uncertaintyBytes: 1, reportId: '', measuredAt: '2026-01-01T00:00:00.000Z' },
      }
    }
    world.allocate({ allocated: 85 * MIB })
    coordinator.register(
      'lru',
      lru((fraction) => Math.ceil(60 * fraction)),
    )
    measure('lru')
    watching()
    const round = await watch?.check()
    expect(statuses(round ?? null)).to.deep.equal({ lru: 'trimmed' })
    expect(round?.caches[0]?.fraction).to.be.closeTo((1.1 * 25) / 60, 1e-9)
    expect(round?.isRelieved).to.equal(true)
    expect(kept).to.be.greaterThan(20)

    watch?.stop()
    await coordinator.close()
    ;({ world, coordinator } = pressed())
    kept = 60
    world.allocate({ allocated: 85 * MIB })
    coordinator.register(
      'lru',
      lru(() => 1),
    )
    measure('lru')
    const second = await watching().check()
    expect(statuses(second)).to.deep.equal({ lru: 'released' })
    expect(second?.caches[0]?.fraction).to.equal(null)
    expect(kept).to.equal(0)
  })

  it('waits for a run, and a run for it', async () => {
    const good = world.cache('good', { allocated: 90 * MIB })
    const order: string[] = []
    coordinator.register('good', {
      release: async () => {
        order.push('release')
        await turns(3)
        good.drop()
        order.push('released')
      },
      claimedBytes: () => 90 * MIB,
    })
    watching()
    const running = coordinator.attribute({ except: ['good'] })
    expect(await watch?.check()).to.equal(null)
    await running
    const round = watch?.check()
    const report = coordinator.attribute({ except: ['good'] }).then(() => order.push('report'))
    await Promise.all([round, report])
    expect(order).to.deep.equal(['release', 'released', 'report'])
  })

  it('refuses a run that a release asks for', async () => {
    let refusal: unknown
    coordinator.register('asks', {
      release: () => {
        refusal = coordinator.attribute().catch((error: unknown) => codeOf(error))
        world.free({ allocated: 90 * MIB })
      },
    })
    world.allocate({ allocated: 90 * MIB })
    await watching().check()
    expect(await refusal).to.equal('ERR_RUN_REENTRANT')
  })

  it('rests between rounds, and makes none in vain', async () => {
    let releases = 0
    coordinator.register('keeps', {
      release: () => {
        releases++
      },
      entries: () => 5,
    })
    world.allocate({ allocated: 85 * MIB })
    watching({ coolDownMs: 1000 })
    expect((await watch?.check())?.isRelieved).to.equal(false)
    world.clockMs += 2000
    expect(await watch?.check(), 'nothing has changed').to.equal(null)
    world.allocate({ allocated: 4 * MIB })
    expect(await watch?.check(), 'a quarter of what was left is used up').not.to.equal(null)
    world.allocate({ allocated: 5 * MIB })
    expect(await watch?.check(), 'within the cool-down').to.equal(null)
    world.clockMs += 2000
    expect(await watch?.check()).not.to.equal(null)
    expect(releases).to.equal(3)
  })

  it('counts as room what the allocator keeps, and spares the rest', async () => {
    const torn = world.cache('torn', { allocated: 50 * MIB })
    const other = world.cache('other', { allocated: 40 * MIB })
    const figures = (): ReturnType<World['environment']['figures']> => ({
      ...world.environment.figures(),
      rssBytes: 190 * MIB,
    })
    const kept = world.coordinator({ environment: { ...world.environment, figures } })
    kept.register('torn', torn)
    kept.register('other', other)
    const round = await releaseUnderPressure(kept, {
      ...{ below: '90%', limit: 200 * MIB, intervalMs: HOUR_MS, log: (line: string) => lines.push(line) },
    }).check()
    expect(statuses(round)).to.deep.equal({ torn: 'released', other: 'spared' })
    expect(round).to.deep.include({ freedBytes: 0, keptBytes: 50 * MIB, isRelieved: false })
    expect(lines[0]).to.include('the allocator keeps 50.00 MiB for what comes next')
    await kept.close()
  })

  it('is one for each coordinator, until it is stopped or the coordinator closed', async () => {
    const first = watching()
    expect(codeOf(thrownBy(() => watching()))).to.equal('ERR_PRESSURE_WATCHED')
    first.stop()
    first.stop()
    expect(codeOf(await rejectionOf(first.check()))).to.equal('ERR_CLOSED')
    const second = watching()
    await coordinator.close()
    expect(codeOf(await rejectionOf(second.check()))).to.equal('ERR_CLOSED')
    expect(codeOf(thrownBy(() => watching()))).to.equal('ERR_OPTION_TYPE')
    for (const other of [null, undefined, {}, 'coordinator']) {
      expect(codeOf(thrownBy(() => releaseUnderPressure(other as never, { below: 0.9 })))).to.equal('ERR_OPTION_TYPE')
    }
  })

  it('survives a logger and a listener that throw, and methods of caches that do', async () => {
    coordinator.register('bad', {
      ...world.cache('bad', { allocated: 90 * MIB }),
      entries: () => {
        throw new Error('no')
      },
      claimedBytes: () => NaN,
    })
    coordinator.on('released-under-pressure', () => {
      throw new Error('listener')
    })
    const round = await watching({
      log: () => {
        throw new Error('logger')
      },
    }).check()
    expect(round?.caches[0]).to.deep.include({ name: 'bad', status: 'released', expectedBytes: null, basis: null })
    expect(round === null ? '' : formatRound(round)).to.include('nothing known of it')
  })
})
