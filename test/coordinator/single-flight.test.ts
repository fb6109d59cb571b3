import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import { RunAbortedError, CacheAttributionError } from '../../src/index.js'
import type { Coordinator, AttributionReport } from '../../src/index.js'
import { MIB, World, rejectionOf, remainderOf, rowOf, turn } from './world.js'

describe('one run at a time', () => {
  let world: World
  let coordinator: Coordinator
  beforeEach(() => {
    world = new World()
    coordinator = world.coordinator()
    coordinator.register('a', world.cache('a', { allocated: MIB }))
    coordinator.register('b', world.cache('b', { allocated: MIB }))
  })

  it('gives a second identical call the same report', async () => {
    const [first, second] = await Promise.all([coordinator.attribute(), coordinator.attribute({})])
    expect(second).to.equal(first)
  })

  it('makes one run of 1,000 identical calls', async () => {
    let runs = 0
    coordinator.on('run-started', () => runs++)
    const reports = await Promise.all(Array.from({ length: 1000 }, () => coordinator.attribute()))
    expect(new Set(reports).size).to.equal(1)
    expect(runs).to.equal(1)
  })

  it('lets a call join later, while the run is under way', async () => {
    let joined: Promise<AttributionReport> | undefined
    coordinator.once('cache-released', () => {
      joined = coordinator.attribute()
    })
    expect(await coordinator.attribute()).to.equal(await joined)
  })

  it('takes calls that spell the same wish differently for identical', async () => {
    const [first, second] = await Promise.all([
      coordinator.attribute({ except: ['a', 'b'], controls: 0, trigger: 'http' }),
      coordinator.attribute({ except: ['b', 'a'], mode: 'release', budget: {} }),
    ])
    expect(second).to.equal(first)
    expect(first.trigger).to.equal('http')
  })

  const OTHERS = [
    { only: ['a', 'b'] },
    { except: ['a'] },
    { controls: 1 },
    { budget: { pauseMs: 1000 } },
    { budget: { durationMs: 1000 } },
  ]
  for (const other of OTHERS) {
    it(`refuses a call that wants something else, naming the run: ${JSON.stringify(other)}`, async () => {
      let id = ''
      coordinator.once('run-started', (payload) => (id = payload.id))
      const run = coordinator.attribute()
      const error = (await rejectionOf(coordinator.attribute(other))) as CacheAttributionError
      expect(error.code).to.equal('ERR_RUN_IN_PROGRESS')
      expect(error.message).to.include(`run ${id} with other options`)
      await run
    })
  }

  it('tells only from also: the order is a wish', async () => {
    const run = coordinator.attribute({ only: ['a', 'b'] })
    expect(await rejectionOf(coordinator.attribute({ only: ['b', 'a'] }))).to.have.property(
      'code',
      'ERR_RUN_IN_PROGRESS',
    )
    await run
  })

  it('refuses a second coordinator of the process', async () => {
    const run = coordinator.attribute()
    const error = (await rejectionOf(new World().coordinator().attribute())) as CacheAttributionError
    expect(error.code).to.equal('ERR_RUN_IN_PROGRESS')
    expect(error.message).to.include('another coordinator or thread')
    await run
    await new World().coordinator().attribute()
  })

  it('gives the lock back after a run that failed', async () => {
    world.readError = new Error('the allocator is gone')
    expect(await rejectionOf(coordinator.attribute())).to.equal(world.readError)
    expect(coordinator.isRunning).to.equal(false)
    world.readError = undefined
    await coordinator.attribute()
  })

  it('gives the lock back when the run could not even begin', async () => {
    const error = new CacheAttributionError('ERR_GC_UNAVAILABLE', 'no gc')
    const failing = world.coordinator({
      environment: {
        ...world.environment,
        collector: () => {
          throw error
        },
      },
    })
    expect(await rejectionOf(failing.attribute())).to.equal(error)
    expect(failing.isRunning).to.equal(false)
    await coordinator.attribute()
  })

  it('is over before its report arrives: the next run may begin at once', async () => {
    const first = await coordinator.attribute()
    expect(coordinator.isRunning).to.equal(false)
    const second = await coordinator.attribute({ controls: 1 })
    expect(second.id).not.to.equal(first.id)
  })

  it('is under way from its first event on: a call made there joins it', async () => {
    const joined: Promise<AttributionReport>[] = []
    const states: boolean[] = []
    for (const event of ['run-started', 'run-planned', 'cache-released', 'run-finished'] as const) {
      coordinator.once(event, () => {
        states.push(coordinator.isRunning)
        joined.push(coordinator.attribute())
      })
    }
    const report = await coordinator.attribute()
    expect(await Promise.all(joined)).to.deep.equal([report, report, report, report])
    expect(states).to.deep.equal([true, true, true, true])
  })

  it('may be joined from entries(), which is no release', async () => {
    const joined: Promise<unknown>[] = []
    coordinator.register('asking', {
      release: () => undefined,
      entries: () => {
        joined.push(coordinator.attribute())
        return 0
      },
    })
    const report = await coordinator.attribute()
    expect(new Set(await Promise.all(joined))).to.deep.equal(new Set([report]))
  })
})

describe('the abort of a run', () => {
  let world: World
  let coordinator: Coordinator
  const released: string[] = []
  beforeEach(() => {
    world = new World()
    coordinator = world.coordinator()
    released.length = 0
    for (const name of ['a', 'b', 'c']) {
      const cache = world.cache(name, { allocated: MIB })
      coordinator.register(name, {
        release: () => {
          released.push(name)
          cache.drop()
        },
      })
    }
  })

  /** The report in the error of an aborted run; it adds up, has all rows, and the unreleased are skipped. */
  async function abortedReport(run: Promise<unknown>): Promise<AttributionReport> {
    const error = await rejectionOf(run)
    expect(error).to.be.instanceOf(RunAbortedError)
    const { report, code } = error as RunAbortedError
    expect(code).to.equal('ERR_RUN_ABORTED')
    expect(report.caches).to.have.length(3)
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
    for (const { name, status, error: rowError } of report.caches) {
      if (released.includes(name)) continue
      expect([status, rowError?.code]).to.deep.equal(['skipped', 'ERR_RUN_ABORTED'])
    }
    return report
  }

  it('before the run refuses it', async () => {
    const error = await rejectionOf(coordinator.attribute({ signal: AbortSignal.abort() }))
    expect(error).to.have.property('code', 'ERR_RUN_ABORTED')
    expect([world.majors, coordinator.isRunning]).to.deep.equal([0, false])
  })

  it('in its first event releases nothing', async () => {
    const controller = new AbortController()
    coordinator.once('run-started', () => {
      controller.abort()
    })
    await abortedReport(coordinator.attribute({ signal: controller.signal }))
    expect(released).to.deep.equal([])
  })

  it('in the warm-up releases nothing', async () => {
    const controller = new AbortController()
    world.whileResting = () => {
      controller.abort()
    }
    await abortedReport(coordinator.attribute({ signal: controller.signal }))
    expect(released).to.deep.equal([])
  })

  it('when the plan is told releases nothing', async () => {
    const controller = new AbortController()
    coordinator.once('run-planned', () => {
      controller.abort()
    })
    await abortedReport(coordinator.attribute({ signal: controller.signal }))
    expect(released).to.deep.equal([])
  })

  it('between two turns releases no other cache', async () => {
    const controller = new AbortController()
    coordinator.once('cache-released', () => {
      world.whileResting = () => {
        controller.abort()
      }
    })
    const report = await abortedReport(coordinator.attribute({ signal: controller.signal }))
    expect(released).to.deep.equal(['a'])
    expect(rowOf(report, 'a').released.allocatedBytes).to.equal(MIB)
  })

  it('in the very turn of a window releases no other cache', async () => {
    const controller = new AbortController()
    coordinator.once('cache-released', () => {
      // After the rest, right before the macrotask of the window.
      world.whileResting = () => {
        process.nextTick(() => {
          setImmediate(() => {
            controller.abort()
          })
        })
      }
    })
    await abortedReport(coordinator.attribute({ signal: controller.signal }))
    expect(released).to.deep.equal(['a'])
  })

  for (const budget of [{}, { pauseMs: 1000 }]) {
    it(`inside a release lets that one have its row, and no other (${JSON.stringify(budget)})`, async () => {
      const controller = new AbortController()
      coordinator.register('z', { release: () => controller.abort() })
      const error = await rejectionOf(
        coordinator.attribute({ only: ['a', 'z', 'b', 'c'], signal: controller.signal, budget }),
      )
      const { report } = error as RunAbortedError
      expect(report.caches.map(({ status }) => status)).to.deep.equal(['released', 'released', 'skipped', 'skipped'])
      expect((error as Error).message).to.equal('ERR_RUN_ABORTED: the run was aborted after 2 of 4 caches')
      expect(rowOf(report, 'a').released.allocatedBytes).to.equal(MIB)
      expect(released).to.deep.equal(['a'])
    })
  }

  it('while a release hangs ends that release, tells it, and skips the rest', async () => {
    const controller = new AbortController()
    let signal: AbortSignal | undefined
    coordinator.register('hangs', {
      release: async (context) => {
        signal = context.signal
        released.push('hangs')
        await turn()
        controller.abort(new Error('the reason'))
        await new Promise(() => undefined)
      },
    })
    const run = coordinator.attribute({ only: ['hangs', 'a', 'b'], signal: controller.signal })
    const report = await abortedReport(run)
    expect(rowOf(report, 'hangs').status).to.equal('timed-out')
    expect(rowOf(report, 'hangs').error?.code).to.equal('ERR_RUN_ABORTED')
    expect(signal?.aborted).to.equal(true)
    expect(released).to.deep.equal(['hangs'])
  })

  it('while levels are taken for an asynchronous cache does not release it', async () => {
    const controller = new AbortController()
    let releases = 0
    coordinator.register('slow', {
      release: async () => {
        releases++
        await turn()
      },
    })
    await coordinator.attribute({ only: ['slow'] })
    let rests = 0
    world.whileResting = () => {
      if (++rests === 6) controller.abort()
    }
    const error = await rejectionOf(coordinator.attribute({ only: ['slow'], signal: controller.signal }))
    expect((error as RunAbortedError).report.caches[0]?.status).to.equal('skipped')
    expect(releases).to.equal(1)
  })

  it("while waiting for V8's own collection ends the wait", async () => {
    world.collectsByItself = false
    const natural = world.coordinator({ gc: 'natural', naturalGcTimeoutMs: 80_000_000 })
    const controller = new AbortController()
    world.whileResting = () => {
      controller.abort()
    }
    const { report } = (await rejectionOf(natural.attribute({ signal: controller.signal }))) as RunAbortedError
    expect(report.durationMs).to.be.lessThan(1000)
  })

  it('after the last release still has every row', async () => {
    const controller = new AbortController()
    coordinator.on('cache-released', ({ name }) => {
      if (name === 'c') controller.abort()
    })
    const report = await abortedReport(coordinator.attribute({ signal: controller.signal }))
    expect(report.caches.map(({ status }) => status)).to.deep.equal(['released', 'released', 'released'])
  })

  it('by one of two callers leaves the run to the other', async () => {
    const controller = new AbortController()
    const leaving = rejectionOf(coordinator.attribute({ signal: controller.signal }))
    const staying = coordinator.attribute()
    controller.abort()
    const error = await leaving
    expect(error).to.have.property('code', 'ERR_RUN_ABORTED').and.to.not.be.instanceOf(RunAbortedError)
    expect((await staying).caches.map(({ status }) => status)).to.deep.equal(['released', 'released', 'released'])
  })

  it('by the last of several callers ends the run, whose report only that one gets', async () => {
    const controllers = [new AbortController(), new AbortController(), new AbortController()]
    const errors = controllers.map(({ signal }) => rejectionOf(coordinator.attribute({ signal })))
    for (const controller of controllers) controller.abort()
    const [first, second, last] = await Promise.all(errors)
    expect(first).to.not.be.instanceOf(RunAbortedError)
    expect(second).to.not.be.instanceOf(RunAbortedError)
    expect(last).to.be.instanceOf(RunAbortedError)
  })

  it('of one signal given by several callers ends the run', async () => {
    const { signal, controller } = withSignal()
    const errors = [1, 2, 3].map(() => rejectionOf(coordinator.attribute({ signal })))
    controller.abort()
    for (const error of await Promise.all(errors)) expect(error).to.have.property('code', 'ERR_RUN_ABORTED')
    expect(released).to.deep.equal([])
  })

  it('is not passed on to a caller who comes while the run ends: that one is refused', async () => {
    const controller = new AbortController()
    const run = rejectionOf(coordinator.attribute({ signal: controller.signal }))
    controller.abort()
    const error = (await rejectionOf(coordinator.attribute())) as CacheAttributionError
    expect(error.code).to.equal('ERR_RUN_IN_PROGRESS')
    expect(error.message).to.match(/run [-0-9a-f]{36} was aborted and comes to its end/)
    await run
    expect((await coordinator.attribute()).caches).to.have.length(3)
  })

  it('is told as run-failed, with the same error', async () => {
    const { signal, controller } = withSignal()
    const failures: Error[] = []
    coordinator.on('run-failed', ({ error }) => failures.push(error))
    coordinator.once('cache-released', () => {
      controller.abort()
    })
    const error = await rejectionOf(coordinator.attribute({ signal }))
    expect(failures).to.deep.equal([error])
  })

  it('leaves no listener on the signal, whatever the end', async () => {
    const { signal, controller } = withSignal()
    await coordinator.attribute({ signal })
    await Promise.all([coordinator.attribute({ signal }), coordinator.attribute({ signal })])
    expect(getEventListeners(signal, 'abort')).to.deep.equal([])
    coordinator.once('cache-released', () => {
      controller.abort()
    })
    await rejectionOf(coordinator.attribute({ signal }))
    expect(getEventListeners(signal, 'abort')).to.deep.equal([])
  })
})

function withSignal(): { signal: AbortSignal; controller: AbortController } {
  const controller = new AbortController()
  return { signal: controller.signal, controller }
}

describe('close()', () => {
  let world: World
  let coordinator: Coordinator
  beforeEach(() => {
    world = new World()
    coordinator = world.coordinator()
    for (const name of ['a', 'b']) coordinator.register(name, world.cache(name, { allocated: MIB }))
  })

  it('refuses every call after it', async () => {
    await coordinator.close()
    for (const call of [
      () => coordinator.register('c', { release: () => undefined }),
      () => coordinator.observe(),
      () => coordinator.attribute(),
    ]) {
      const error = await rejectionOf(
        (async () => {
          await call()
        })(),
      )
      expect(error).to.have.property('code', 'ERR_CLOSED')
    }
  })

  it('forgets the caches and the listeners', async () => {
    coordinator.on('warning', () => undefined)
    await coordinator.close()
    expect(coordinator.names).to.deep.equal([])
    expect(coordinator.eventNames()).to.deep.equal([])
  })

  it('twice is once', async () => {
    await Promise.all([coordinator.close(), coordinator.close()])
    await coordinator.close()
  })

  it('during a run ends it and waits for its end', async () => {
    const order: string[] = []
    const run = rejectionOf(coordinator.attribute()).then((error) => {
      order.push('run')
      return error
    })
    await turn()
    const closed = [coordinator.close(), coordinator.close()].map(async (close) => {
      await close
      order.push('close')
      expect(coordinator.isRunning).to.equal(false)
    })
    expect(await run).to.be.instanceOf(RunAbortedError)
    await Promise.all(closed)
    expect(order).to.have.members(['run', 'close', 'close'])
  })

  it('in the first event of a run ends it, with every row', async () => {
    let closed: Promise<void> | undefined
    coordinator.once('run-started', () => {
      closed = coordinator.close()
    })
    const { report } = (await rejectionOf(coordinator.attribute())) as RunAbortedError
    await closed
    expect(report.caches.map(({ error }) => error?.code)).to.deep.equal(['ERR_RUN_ABORTED', 'ERR_RUN_ABORTED'])
  })

  it('tells the last event of the run that it ends', async () => {
    const events: string[] = []
    coordinator.on('run-failed', () => events.push('run-failed'))
    const run = rejectionOf(coordinator.attribute())
    await coordinator.close()
    await run
    expect(events).to.deep.equal(['run-failed'])
  })

  it('ends the wait of every caller', async () => {
    const errors = [1, 2, 3].map(() => rejectionOf(coordinator.attribute()))
    await coordinator.close()
    for (const error of await Promise.all(errors)) expect(error).to.have.property('code', 'ERR_RUN_ABORTED')
  })

  it('comes by itself at the end of a scope', async () => {
    const outside: Coordinator[] = []
    {
      await using inner = world.coordinator()
      outside.push(inner)
    }
    {
      using inner = world.coordinator()
      outside.push(inner)
    }
    for (const inner of outside) expect(() => inner.observe()).to.throw(/ERR_CLOSED/)
  })

  it('of a registration comes at the end of a scope too, and only once', () => {
    {
      using registration = coordinator.register('inner', { release: () => undefined })
      expect(registration.name).to.equal('inner')
      expect(coordinator.names).to.include('inner')
    }
    expect(coordinator.names).to.deep.equal(['a', 'b'])
    const registration = coordinator.register('inner', { release: () => undefined })
    expect([registration.unregister(), registration.unregister()]).to.deep.equal([true, false])
  })

  it('leaves a registration that is undone afterwards in peace', async () => {
    const registration = coordinator.register('c', { release: () => undefined })
    await coordinator.close()
    expect(registration.unregister()).to.equal(false)
  })
})
