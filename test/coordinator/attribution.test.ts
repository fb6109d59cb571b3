import { expect } from 'chai'
import { KIB, MIB, World, remainderOf, rowOf, turn, warningsOf } from './world.js'

describe('a run', () => {
  let world: World
  beforeEach(() => (world = new World()))

  it('attributes to each cache what it held, to the byte', async () => {
    const coordinator = world.coordinator()
    coordinator.register('files', world.cache('files', { allocated: 30 * MIB, heap: 3 * KIB }))
    coordinator.register('pages', world.cache('pages', { allocated: 5, heap: 70 * MIB }))
    const report = await coordinator.attribute()
    expect(report.caches.map(({ name, released }) => [name, released])).to.deep.equal([
      ['files', { allocatedBytes: 30 * MIB, heapBytes: 3 * KIB, mappedBytes: null, totalBytes: 30 * MIB + 3 * KIB }],
      ['pages', { allocatedBytes: 5, heapBytes: 70 * MIB, mappedBytes: null, totalBytes: 70 * MIB + 5 }],
    ])
    expect(report.unattributed).to.deep.equal({ allocatedBytes: 0, heapBytes: 0, mappedBytes: null })
  })

  it('says of each row what the cache said of itself, before and after', async () => {
    const coordinator = world.coordinator()
    coordinator.register('files', world.cache('files', { allocated: MIB }, 12))
    const row = rowOf(await coordinator.attribute(), 'files')
    expect(row).to.include({ entriesBefore: 12, entriesAfter: 0, claimedBytes: MIB, status: 'released' })
    expect(row).to.include({ window: 'atomic', settled: true })
  })

  it('reports without a single cache', async () => {
    const report = await world.coordinator().attribute()
    expect(report.caches).to.deep.equal([])
    expect(report.noise).to.deep.equal({ controls: 0, allocatedBytes: null, heapBytes: null, mappedBytes: null })
  })

  it('leaves garbage made between two windows to unattributed', async () => {
    world.whileResting = () => {
      world.litter({ allocated: 3 * MIB, heap: MIB })
    }
    const coordinator = world.coordinator()
    for (const name of ['a', 'b', 'c']) coordinator.register(name, world.cache(name, { allocated: 2 * MIB }))
    const report = await coordinator.attribute()
    for (const { released } of report.caches)
      expect(released).to.include({ allocatedBytes: 2 * MIB, heapBytes: 0, mappedBytes: null })
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
  })

  it('leaves growth of the service between two windows to unattributed', async () => {
    world.whileResting = () => {
      world.allocate({ allocated: MIB, heap: 5 })
    }
    const coordinator = world.coordinator()
    coordinator.register('a', world.cache('a', { allocated: 2 * MIB }))
    const report = await coordinator.attribute()
    expect(rowOf(report, 'a').released).to.include({ allocatedBytes: 2 * MIB, heapBytes: 0, mappedBytes: null })
    expect(report.unattributed).to.deep.equal({ allocatedBytes: -2 * MIB, heapBytes: -10, mappedBytes: null })
  })

  it('keeps the row of a release that takes memory negative', async () => {
    const coordinator = world.coordinator()
    coordinator.register('odd', {
      release: () => {
        world.allocate({ allocated: 3 * MIB, heap: MIB })
      },
    })
    const report = await coordinator.attribute({ controls: 3 })
    expect(rowOf(report, 'odd')).to.deep.include({
      released: { allocatedBytes: -3 * MIB, heapBytes: -MIB, mappedBytes: null, totalBytes: -4 * MIB },
      significant: true,
    })
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
  })

  it('calls nothing significant without controls, whose error bars are unknown', async () => {
    const coordinator = world.coordinator()
    coordinator.register('a', world.cache('a', { allocated: 100 * MIB }))
    expect(rowOf(await coordinator.attribute(), 'a')).to.include({ significant: false, uncertaintyBytes: null })
  })

  it('says null for the allocator where there is none, and measures the heap', async () => {
    world.hasAllocator = false
    const coordinator = world.coordinator()
    coordinator.register('a', world.cache('a', { allocated: 9, heap: 7 * MIB }))
    const report = await coordinator.attribute({ controls: 2 })
    expect(rowOf(report, 'a').released).to.deep.equal({
      allocatedBytes: null,
      heapBytes: 7 * MIB,
      mappedBytes: null,
      totalBytes: null,
    })
    expect(rowOf(report, 'a').significant).to.equal(true)
    expect(report.unattributed).to.deep.equal({ allocatedBytes: null, heapBytes: 0, mappedBytes: null })
    expect(report.noise.allocatedBytes).to.equal(null)
    expect(warningsOf(report)).to.deep.equal(['WARN_TCACHE_UNKNOWN'])
  })

  it('lets the loop turn between two releases, and not within one', async () => {
    let turnsSeen = 0
    const seen: number[] = []
    const coordinator = world.coordinator()
    for (const name of ['a', 'b', 'c']) coordinator.register(name, { release: () => seen.push(turnsSeen) })
    let isOver = false
    const count = async (): Promise<void> => {
      for (; !isOver; turnsSeen++) await turn()
    }
    const counting = count()
    await coordinator.attribute()
    isOver = true
    await counting
    expect(seen[1]).to.be.greaterThan(seen[0] ?? NaN)
    expect(seen[2]).to.be.greaterThan(seen[1] ?? NaN)
  })

  it('rotates the order from run to run', async () => {
    const coordinator = world.coordinator()
    for (const name of ['a', 'b', 'c']) coordinator.register(name, { release: () => undefined })
    const orders: string[] = []
    for (let run = 0; run < 4; run++) {
      orders.push((await coordinator.attribute()).caches.map(({ name }) => name).join(''))
    }
    expect(orders).to.deep.equal(['abc', 'bca', 'cab', 'abc'])
  })

  it('remembers what it found of each cache for observe()', async () => {
    const coordinator = world.coordinator()
    coordinator.register('a', world.cache('a', { allocated: MIB }))
    coordinator.register('b', world.cache('b', { allocated: MIB }))
    expect(coordinator.observe().caches.map(({ lastMeasured }) => lastMeasured)).to.deep.equal([null, null])
    const report = await coordinator.attribute({ except: ['b'] })
    const [a, b] = coordinator.observe().caches
    expect(a?.lastMeasured).to.deep.equal({
      allocatedBytes: MIB,
      heapBytes: 0,
      mappedBytes: null,
      totalBytes: MIB,
      uncertaintyBytes: null,
      reportId: report.id,
      measuredAt: report.startedAt,
    })
    expect(b?.lastMeasured).to.equal(null)
  })

  it('collects nothing and releases nothing in observe()', () => {
    const coordinator = world.coordinator()
    const cache = world.cache('a', { allocated: MIB }, 7)
    coordinator.register('a', cache)
    const { sample, caches } = coordinator.observe()
    expect(sample.allocatedBytes).to.equal(41 * MIB)
    expect(caches[0]).to.include({ name: 'a', entries: 7, claimedBytes: MIB })
    expect([world.majors, world.minors, cache.releases]).to.deep.equal([0, 0, 0])
  })

  it('puts the V8 flags back, whatever comes of it', async () => {
    const coordinator = world.coordinator()
    const seen: boolean[] = []
    coordinator.register('a', { release: () => seen.push(world.keepsCode) })
    await coordinator.attribute()
    expect([seen, world.keepsCode]).to.deep.equal([[true], false])
    coordinator.register('b', {
      release: () => {
        world.readError = new Error('the allocator is gone')
      },
    })
    await coordinator.attribute().catch(() => undefined)
    expect(world.keepsCode).to.equal(false)
  })

  it('gives the same order and figures for 10,000 caches, in seconds', async function () {
    this.timeout(20_000)
    const coordinator = world.coordinator({ gc: 'none' })
    for (let index = 0; index < 10_000; index++) {
      coordinator.register(`cache ${String(index)}`, {
        release: () => {
          world.free({ allocated: index })
        },
        entries: () => 1,
      })
    }
    const startedMs = performance.now()
    const report = await coordinator.attribute({ budget: { pauseMs: 5000 } })
    expect(performance.now() - startedMs).to.be.lessThan(15_000)
    expect(report.caches.every(({ released }, index) => released.allocatedBytes === index)).to.equal(true)
    expect(report.pauses.count).to.equal(202)
  })
})

describe('kinds of collection', () => {
  let world: World
  beforeEach(() => (world = new World()))

  it('collects nothing at all with gc none', async () => {
    const coordinator = world.coordinator({ gc: 'none' })
    coordinator.register('native', {
      release: () => {
        world.free({ allocated: 8 * MIB })
      },
    })
    const report = await coordinator.attribute()
    expect(rowOf(report, 'native').released.allocatedBytes).to.equal(8 * MIB)
    expect([world.majors, world.minors]).to.deep.equal([0, 0])
  })

  it('does not collect for a cache that is not part of the run', async () => {
    const coordinator = world.coordinator({ gc: 'none' })
    coordinator.register('native', { release: () => undefined })
    coordinator.register('objects', { release: () => undefined }, { gc: 'forced' })
    await coordinator.attribute({ except: ['objects'] })
    expect(world.majors).to.equal(0)
  })

  it("does not wait for V8's own collection for a cache that is not part of the run", async () => {
    const coordinator = world.coordinator()
    coordinator.register('quick', { release: () => undefined })
    coordinator.register('slow', { release: () => undefined }, { gc: 'natural' })
    const { durationMs } = await coordinator.attribute({ only: ['quick'] })
    expect(durationMs).to.be.lessThan(500)
  })

  it('needs no collection for one cache of a run that collects for another', async () => {
    const coordinator = world.coordinator()
    coordinator.register('objects', world.cache('objects', { heap: MIB }))
    coordinator.register(
      'native',
      {
        release: () => {
          world.free({ allocated: 8 * MIB })
        },
      },
      { gc: 'none' },
    )
    const report = await coordinator.attribute()
    expect(rowOf(report, 'native').released.allocatedBytes).to.equal(8 * MIB)
    expect(rowOf(report, 'native').pauseMs).to.be.lessThan(10)
    expect(rowOf(report, 'objects').pauseMs).to.be.greaterThan(80)
  })

  it("takes a natural row from the levels around V8's own collections, with no forced major one", async () => {
    const coordinator = world.coordinator({ gc: 'natural' })
    coordinator.register('a', world.cache('a', { allocated: 20 * MIB, heap: 4 * MIB }))
    const report = await coordinator.attribute()
    const row = rowOf(report, 'a')
    expect(row).to.include({ window: 'drift-corrected', status: 'released' })
    expect(row.released).to.include({ allocatedBytes: 20 * MIB, heapBytes: 4 * MIB, mappedBytes: null })
    expect(world.majors).to.equal(0)
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
  })

  it('says once when V8 does not collect in time', async () => {
    world.collectsByItself = false
    const coordinator = world.coordinator({ gc: 'natural', naturalGcTimeoutMs: 100 })
    coordinator.register('a', world.cache('a', { heap: MIB }))
    expect(warningsOf(await coordinator.attribute())).to.deep.equal(['WARN_NO_NATURAL_GC'])
  })

  it('does not take garbage that a later collection finds for late bytes of a cache without collections', async () => {
    world.whileResting = () => {
      world.litter({ allocated: 2 * MIB })
    }
    const coordinator = world.coordinator()
    for (const name of ['a', 'b', 'c', 'd']) coordinator.register(name, world.cache(name, { heap: 10 }))
    coordinator.register('native', { release: () => undefined }, { gc: 'none' })
    for (const name of ['e', 'f', 'g', 'h']) coordinator.register(name, world.cache(name, { heap: 10 }))
    const report = await coordinator.attribute()
    expect(report.caches.filter(({ late }) => late !== undefined)).to.deep.equal([])
    expect(warningsOf(report)).to.deep.equal([])
  })

  it('does not compare levels with garbage to levels without around an asynchronous release', async () => {
    world.whileResting = () => {
      world.litter({ allocated: MIB })
    }
    const coordinator = world.coordinator()
    for (let index = 0; index < 12; index++) {
      coordinator.register(`native ${String(index)}`, { release: () => undefined }, { gc: 'none' })
    }
    const slow = world.cache('slow', { allocated: 30 * MIB })
    coordinator.register('slow', {
      release: async () => {
        await turn()
        slow.drop()
      },
    })
    const row = rowOf(await coordinator.attribute(), 'slow')
    expect(row.window).to.equal('drift-corrected')
    expect(row.released.allocatedBytes).to.be.closeTo(30 * MIB, row.uncertainty.allocatedBytes ?? 0)
    expect(row.uncertainty.allocatedBytes).to.be.lessThan(MIB)
  })
})
