import { expect } from 'chai'
import type { Coordinator } from '../../../src/index.js'
import { MIB, World, remainderOf, rowOf, turn, warningsOf } from '../world.js'

/** One settling of the fake process: collections, and drains of three times half a millisecond. */
const SETTLE_MS = 45

describe('budget.pauseMs', () => {
  let world: World
  let coordinator: Coordinator
  beforeEach(() => {
    world = new World()
    coordinator = world.coordinator()
    for (let index = 0; index < 10; index++) {
      coordinator.register(
        `c${String(index)}`,
        world.cache(`c${String(index)}`, { allocated: (index + 1) * MIB, heap: index }),
      )
    }
  })

  const BUDGETS = [100, 150, 200, 400, 5000]
  for (const pauseMs of BUDGETS) {
    it(`of ${String(pauseMs)} ms is kept, and the rows are those of single windows`, async () => {
      const report = await coordinator.attribute({ budget: { pauseMs }, controls: 3 })
      expect(report.caches.map(({ released }) => released)).to.deep.equal(
        Array.from({ length: 10 }, (_, index) => ({
          allocatedBytes: (index + 1) * MIB,
          heapBytes: index,
          mappedBytes: null,
          totalBytes: (index + 1) * MIB + index,
        })),
      )
      expect(report.pauses.longestMs).to.be.at.most(pauseMs)
      expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
      expect(report.noise).to.include({ controls: 3 })
    })
  }

  it('shares collections: one more than there are caches in a turn', async () => {
    await coordinator.attribute({ budget: { pauseMs: 5000 } })
    // Two levels before, one after, and eleven for ten caches.
    expect(world.majors).to.equal(14)
  })

  it('that is too small for any window skips every cache, with what it would need', async () => {
    const report = await coordinator.attribute({ budget: { pauseMs: 50 } })
    for (const { status, error, released } of report.caches) {
      expect(status).to.equal('skipped')
      expect(error?.code).to.equal('ERR_BUDGET_PAUSE')
      expect(error?.message).to.match(/^its window needs about \d+ ms, budget\.pauseMs is 50$/)
      expect(released.totalBytes).to.equal(null)
    }
    expect(coordinator.observe().caches.every(({ entries }) => entries === 10)).to.equal(true)
  })

  it('that is too small for one kind of collection releases the other', async () => {
    coordinator.register(
      'native',
      {
        release: () => {
          world.free({ allocated: 5 * MIB })
        },
      },
      { gc: 'none' },
    )
    const report = await coordinator.attribute({ budget: { pauseMs: 50 } })
    expect(report.caches.filter(({ status }) => status === 'skipped')).to.have.length(10)
    expect(rowOf(report, 'native').released.allocatedBytes).to.equal(5 * MIB)
  })

  it('skips no more than it must after one slow collection', async () => {
    coordinator.once('cache-released', () => {
      world.majorMs = 120
      world.whileResting = () => {
        if (world.majors >= 6) world.majorMs = 40
      }
    })
    const report = await coordinator.attribute({ budget: { pauseMs: 130 } })
    expect(report.caches.filter(({ status }) => status === 'released').length).to.be.at.least(9)
  })

  it('holds also when collections become slower: fewer share a turn, then the rest is skipped', async () => {
    coordinator.on('cache-released', () => (world.majorMs += 4))
    const report = await coordinator.attribute({ budget: { pauseMs: 200 } })
    expect(report.caches.map(({ status }) => status)).to.include('released')
    expect(report.pauses.longestMs).to.be.at.most(200 + 40)
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
  })

  it('gives a shared turn no late bytes to one cache: the error bar of each has them', async () => {
    let isDue = false
    coordinator.register('last', {
      release: () => {
        isDue = true
      },
    })
    world.whileResting = () => {
      if (isDue) world.free({ allocated: 30 * MIB })
      isDue = false
    }
    const report = await coordinator.attribute({ budget: { pauseMs: 150 }, controls: 3 })
    expect(report.caches.filter(({ late }) => late !== undefined)).to.deep.equal([])
    expect(warningsOf(report)).to.deep.equal(['WARN_LATE_BYTES'])
    const wide = report.caches.filter(({ uncertainty }) => (uncertainty.allocatedBytes ?? 0) >= 30 * MIB)
    expect(wide.map(({ name }) => name)).to.include('last')
    expect(wide.length).to.be.within(2, 4)
    const [warning] = report.warnings
    for (const { name } of report.caches) {
      const isNamed = warning?.message.includes(JSON.stringify(name))
      expect(isNamed, name).to.equal(wide.some((each) => each.name === name))
    }
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
  })

  it('does not take the bytes of an asynchronous release for late ones of its neighbour in the turn', async () => {
    const slow = world.cache('slow', { allocated: 40 * MIB })
    coordinator.register('slow', {
      release: async () => {
        await turn()
        slow.drop()
      },
    })
    const names = [...coordinator.names.slice(0, 3), 'slow', ...coordinator.names.slice(3, 10)]
    const report = await coordinator.attribute({ only: names, budget: { pauseMs: 250 } })
    expect(report.caches.map(({ name }) => name)).to.deep.equal(names)
    expect(rowOf(report, 'slow')).to.include({ window: 'drift-corrected' })
    expect(rowOf(report, 'slow').released.allocatedBytes).to.equal(40 * MIB)
    expect(report.caches.filter(({ late }) => late !== undefined)).to.deep.equal([])
    expect(warningsOf(report)).to.deep.equal([])
    for (const index of [0, 5, 9]) {
      expect(rowOf(report, `c${String(index)}`).released.allocatedBytes).to.equal((index + 1) * MIB)
    }
  })
})

describe('budget.durationMs', () => {
  let world: World
  let coordinator: Coordinator
  beforeEach(() => {
    world = new World()
    coordinator = world.coordinator()
    for (let index = 0; index < 20; index++) {
      coordinator.register(`c${String(index)}`, world.cache(`c${String(index)}`, { allocated: MIB }))
    }
  })

  for (const durationMs of [1, 200, 500, 1000, 2000, 5000]) {
    it(`of ${String(durationMs)} ms is kept but for what a run needs in any case, and nothing is half-measured`, async () => {
      const report = await coordinator.attribute({ budget: { durationMs } })
      const least = 3 * (SETTLE_MS + 100)
      expect(report.durationMs).to.be.at.most(Math.max(durationMs, least))
      for (const { status, released, error } of report.caches) {
        if (status === 'released') expect(released.allocatedBytes).to.equal(MIB)
        else expect([status, error?.code]).to.deep.equal(['skipped', 'ERR_BUDGET_DURATION'])
      }
      expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
    })
  }

  it('is used: what fits is released, and the rest says how much was left', async () => {
    const report = await coordinator.attribute({ budget: { durationMs: 2000 } })
    const released = report.caches.filter(({ status }) => status === 'released')
    expect(released.length).to.be.within(8, 19)
    expect(report.durationMs).to.be.greaterThan(1700)
    expect(report.caches.at(-1)?.error?.message).to.match(
      /^it would take about \d+ ms, \d+ ms of budget\.durationMs are left$/,
    )
  })

  it('counts the pauses of cheap windows and the rests between them', async () => {
    const cheap = world.coordinator({ gc: 'none' })
    for (let index = 0; index < 300; index++) cheap.register(String(index), { release: () => undefined })
    const { durationMs } = await cheap.attribute({ budget: { durationMs: 1000 } })
    expect(durationMs).to.be.within(900, 1000)
  })

  it("counts the waits for V8's own collections", async () => {
    const natural = world.coordinator({ gc: 'natural' })
    for (let index = 0; index < 5; index++) natural.register(String(index), { release: () => undefined })
    const report = await natural.attribute({ budget: { durationMs: 10_000 } })
    expect(report.durationMs).to.be.at.most(10_000)
    expect(report.caches.filter(({ status }) => status === 'released').length).to.be.within(1, 4)
  })

  it('leaves out an asynchronous cache that would take too long, and releases those behind it', async () => {
    const slow = world.cache('slow', { allocated: MIB })
    coordinator.register('slow', {
      release: async () => {
        await turn()
        slow.drop()
      },
    })
    await coordinator.attribute({ only: ['slow'] })
    const report = await coordinator.attribute({ only: ['slow', 'c0', 'c1'], budget: { durationMs: 1200 } })
    expect(report.caches.map(({ status }) => status)).to.deep.equal(['skipped', 'released', 'released'])
  })
})

describe('background work of other threads', () => {
  it('that does not end makes a window say that it is not settled', async () => {
    const world = new World()
    world.threadsAtWork = 3
    const coordinator = world.coordinator()
    coordinator.register('a', world.cache('a', { allocated: MIB }))
    const report = await coordinator.attribute()
    expect(rowOf(report, 'a')).to.include({ settled: false })
    expect(rowOf(report, 'a').released.allocatedBytes).to.equal(MIB)
    expect(warningsOf(report)).to.deep.equal(['WARN_NOT_SETTLED'])
  })

  it('is part of every reading in a worker thread, and the report says so', async () => {
    const world = new World()
    world.isMainThread = false
    expect(warningsOf(await world.coordinator().attribute())).to.deep.equal([
      'WARN_WORKER_THREAD',
      'WARN_OTHER_THREADS',
    ])
  })
})
