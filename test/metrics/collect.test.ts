import { expect } from 'chai'
import { Registry, collectDefaultMetrics, Gauge } from 'prom-client'
import type { Coordinator } from '../../src/index.js'
import { SLOT } from '../helpers/internals/allocator.js'
import { PULLED, RECORDED } from '../helpers/internals/metrics.js'
import { CacheAttributionError } from '../../src/index.js'
import { collectMetrics, formatMetrics } from '../../src/metrics/index.js'
import type { CollectMetricsOptions } from '../../src/metrics/index.js'
import { MIB, World, rejectionOf, thrownBy } from '../coordinator/world.js'
import { linesOf, seriesOf, valueOf } from './registry.js'

const RUNS = 'cache_attribution_runs_total'

/** A coordinator of a small world, whose clock the looks go by. */
function place(options: CollectMetricsOptions = {}): { world: World; coordinator: Coordinator; registry: Registry } {
  const world = new World()
  const coordinator = world.coordinator()
  const registry = collectMetrics(coordinator, { environment: world.environment, ...options })
  return { world, coordinator, registry }
}

describe('collectMetrics()', () => {
  it('gives a registry of its own, with every metric of the catalogue and no other', () => {
    const names = place()
      .registry.getMetricsAsArray()
      .map(({ name }) => name)
    expect(names).to.have.members([...PULLED, ...RECORDED].map(({ name }) => name))
  })

  it('adds to the registry that it is given, beside the metrics of prom-client itself', async () => {
    const register = new Registry()
    collectDefaultMetrics({ register })
    const { registry } = place({ register })
    expect(registry).to.equal(register)
    expect(await valueOf(registry, 'cache_attribution_caches')).to.equal(0)
    expect(await seriesOf(registry, 'process_resident_memory_bytes')).to.have.length(1)
  })

  it('shows the allocator as the sample has it', async () => {
    const { world, registry } = place()
    world.allocate({ allocated: 7 * MIB })
    expect(await valueOf(registry, 'jemalloc_allocated_bytes')).to.equal(47 * MIB)
    expect(await valueOf(registry, 'jemalloc_active_bytes')).to.equal(48 * MIB)
    expect(await valueOf(registry, 'jemalloc_resident_bytes')).to.equal(49 * MIB)
    expect(await valueOf(registry, 'jemalloc_tcache_bytes')).to.equal(0)
    expect(await valueOf(registry, 'cache_attribution_allocator_live_bytes')).to.equal(47 * MIB)
  })

  it('has no series for what the allocator does not know, and none of jemalloc under another one', async () => {
    const { world, registry } = place()
    expect(await valueOf(registry, 'jemalloc_metadata_bytes')).to.equal(null)
    world.hasAllocator = false
    world.clockMs += 1000
    expect(await valueOf(registry, 'jemalloc_allocated_bytes')).to.equal(null)
    const glibc = collectMetrics(
      world.coordinator({
        allocator: {
          ...world.allocator,
          name: 'glibc',
          readInto: (slots) => slots.fill(0).set([5], SLOT.rawAllocated),
        },
      }),
    )
    expect(await valueOf(glibc, 'jemalloc_allocated_bytes')).to.equal(null)
    expect(await valueOf(glibc, 'cache_attribution_allocator_live_bytes')).to.equal(5)
  })

  it('shows of a cache what it says, what a run found, and what it holds since', async () => {
    const { world, coordinator, registry } = place()
    const cache = world.cache('users', { allocated: 3 * MIB, heap: MIB })
    coordinator.register('users', cache)
    expect(await valueOf(registry, 'cache_attribution_cache_entries{cache="users"}')).to.equal(10)
    expect(await valueOf(registry, 'cache_attribution_cache_claimed_bytes{cache="users"}')).to.equal(4 * MIB)
    expect(await seriesOf(registry, 'cache_attribution_cache_measured_bytes')).to.deep.equal([])
    await coordinator.attribute()
    const measured = 'cache_attribution_cache_measured_bytes{cache="users",memory='
    expect(await valueOf(registry, `${measured}"allocator"}`)).to.equal(3 * MIB)
    expect(await valueOf(registry, `${measured}"heap"}`)).to.equal(MIB)
    cache.entryCount = 5
    world.clockMs += 1000
    expect(await valueOf(registry, 'cache_attribution_cache_estimated_bytes{cache="users"}')).to.equal(4 * MIB)
    const atSeconds = await valueOf(registry, 'cache_attribution_cache_measured_timestamp_seconds{cache="users"}')
    expect(atSeconds).to.be.closeTo(Date.UTC(2026, 0, 1) / 1000, 60)
  })

  it('forgets a cache that was unregistered', async () => {
    const { world, coordinator, registry } = place()
    const registration = coordinator.register('users', world.cache('users', { heap: MIB }))
    await coordinator.attribute()
    expect(await seriesOf(registry, 'cache_attribution_cache_entries')).to.have.length(1)
    registration.unregister()
    world.clockMs += 1000
    expect((await linesOf(registry)).filter((line) => line.includes('users'))).to.deep.equal([])
  })

  it('adds up what is beyond the largest, and takes no other cache for it', async () => {
    const { world, coordinator, registry } = place({ maxCaches: 2 })
    for (const [name, heap] of Object.entries({ small: 1, large: 9, other: 8, tiny: 0.5 })) {
      coordinator.register(name, world.cache(name, { heap: heap * MIB }))
    }
    const claimed = 'cache_attribution_cache_claimed_bytes'
    const [first, second, third] = await seriesOf(registry, claimed)
    expect(first).to.equal(`${claimed}{cache="large"}`)
    expect(second).to.match(/\{cache="other~[0-9a-f]{12}"\}$/)
    expect(third).to.equal(`${claimed}{cache="other"}`)
    expect(await valueOf(registry, `${claimed}{cache="other"}`)).to.equal(1.5 * MIB)
    expect(await valueOf(registry, 'cache_attribution_caches')).to.equal(4)
  })

  it('shows what no cache explains as the last run found it', async () => {
    const { world, coordinator, registry } = place()
    coordinator.register('users', world.cache('users', { allocated: 3 * MIB, heap: MIB }))
    expect(await seriesOf(registry, 'cache_attribution_floor_bytes')).to.deep.equal([])
    await coordinator.attribute()
    expect(await valueOf(registry, 'cache_attribution_floor_bytes{memory="allocator"}')).to.equal(40 * MIB)
    expect(await valueOf(registry, 'cache_attribution_floor_bytes{memory="heap"}')).to.equal(60 * MIB)
    expect(await valueOf(registry, 'cache_attribution_unattributed_bytes{memory="heap"}')).to.equal(0)
  })
})

describe('a scrape', () => {
  it('releases and collects nothing, whatever is scraped', async () => {
    const { world, coordinator, registry } = place()
    const cache = world.cache('users', { heap: MIB })
    coordinator.register('users', cache)
    for (let count = 0; count < 20; count++) {
      world.clockMs += 1000
      await registry.metrics()
    }
    expect([cache.releases, world.majors, world.minors]).to.deep.equal([0, 0, 0])
    expect(coordinator.isRunning).to.equal(false)
  })

  it('of ten within a second cost one look', async () => {
    let polls = 0
    const { world, registry } = place()
    const readInto = world.allocator.readInto.bind(world.allocator)
    Object.assign(world.allocator, {
      readInto: (slots: Float64Array) => {
        polls++
        readInto(slots)
      },
    })
    const before = polls
    await Promise.all(Array.from({ length: 10 }, () => registry.metrics()))
    expect(polls - before).to.equal(1)
    world.clockMs += 999
    await registry.metrics()
    expect(polls - before).to.equal(1)
    world.clockMs += 1
    await registry.metrics()
    expect(polls - before).to.equal(2)
  })

  it('writes the text of its own registry once for a look, and that of a given one at each', async () => {
    for (const [register, expected] of [
      [undefined, 'mine 0'],
      [new Registry(), 'mine 1'],
    ] as const) {
      const { world, registry } = place({ register })
      const mine = new Gauge({ name: 'mine', help: 'mine', registers: [registry] })
      const texts = [await registry.metrics(), await formatMetrics(registry)]
      mine.set(1)
      expect([await registry.metrics(), await formatMetrics(registry)].join('')).to.include(expected)
      expect(texts.join('')).to.include('mine 0')
      world.clockMs += 1000
      for (const text of [await registry.metrics(), await formatMetrics(registry)]) expect(text).to.include('mine 1')
    }
  })

  it('sees a run as soon as it is over', async () => {
    const { coordinator, registry } = place()
    await registry.metrics()
    await coordinator.attribute()
    expect(await valueOf(registry, `${RUNS}{status="finished",mode="release",trigger="call"}`)).to.equal(1)
  })

  it('goes on where a reading fails, and counts it', async () => {
    const failures: unknown[] = []
    const { world, registry } = place({ onError: (error) => failures.push(error) })
    world.readError = new Error('no figures')
    expect(await valueOf(registry, 'jemalloc_allocated_bytes')).to.equal(null)
    expect(await valueOf(registry, 'cache_attribution_read_failures_total')).to.equal(1)
    expect(failures).to.deep.equal([world.readError])
    world.readError = undefined
    world.clockMs += 1000
    expect(await valueOf(registry, 'jemalloc_allocated_bytes')).to.equal(40 * MIB)
  })

  it('survives an onError that throws', async () => {
    const { world, registry } = place({
      onError: () => {
        throw new Error('from onError')
      },
    })
    world.readError = new Error('no figures')
    expect(await valueOf(registry, 'cache_attribution_read_failures_total')).to.equal(1)
  })

  it('of a coordinator that was closed has its runs, and no caches', async () => {
    const { world, coordinator, registry } = place({ onError: (error) => expect.fail(String(error)) })
    coordinator.register('users', world.cache('users', { heap: MIB }))
    await coordinator.attribute()
    await coordinator.close()
    world.clockMs += 1000
    expect(await valueOf(registry, `${RUNS}{status="finished",mode="release",trigger="call"}`)).to.equal(1)
    expect(await seriesOf(registry, 'cache_attribution_cache_entries')).to.deep.equal([])
  })

  it('leaves default labels of the registry where they belong', async () => {
    const { coordinator, registry } = place({ register: new Registry() })
    await coordinator.attribute()
    registry.setDefaultLabels({ app: 'a' })
    await linesOf(registry)
    registry.setDefaultLabels({})
    expect((await linesOf(registry)).filter((line) => line.includes('app='))).to.deep.equal([])
  })
})

describe('runs, as they are counted', () => {
  it('are told by status, with zeros for what did not happen yet', async () => {
    const { world, coordinator, registry } = place()
    coordinator.register('users', world.cache('users', { heap: MIB }))
    await coordinator.attribute({ trigger: 'schedule' })
    const labels = (status: string): string => `${RUNS}{status="${status}",mode="release",trigger="schedule"}`
    expect(await valueOf(registry, labels('finished'))).to.equal(1)
    expect(await valueOf(registry, labels('failed'))).to.equal(0)
    expect(await valueOf(registry, labels('aborted'))).to.equal(0)
    expect(await valueOf(registry, 'cache_attribution_run_releases_total{status="released"}')).to.equal(1)
    expect(await valueOf(registry, 'cache_attribution_run_releases_total{status="timed-out"}')).to.equal(0)
    expect(await valueOf(registry, 'cache_attribution_run_duration_seconds_count{mode="release"}')).to.equal(1)
    expect(await valueOf(registry, 'cache_attribution_run_pause_seconds_count{mode="release"}')).to.equal(1)
  })

  it('that fail are counted by their code, and in a row until one finishes', async () => {
    const { world, coordinator, registry } = place({ onError: () => undefined })
    // The first reading of the run is there, the next is not.
    coordinator.on('run-started', ({ trigger }) => {
      if (trigger === 'http') world.readError = new CacheAttributionError('ERR_MALLCTL', 'no figures')
    })
    const fail = async (): Promise<void> => {
      await rejectionOf(coordinator.attribute({ trigger: 'http' }))
      world.readError = undefined
      world.clockMs += 1000
    }
    await fail()
    await fail()
    expect(await valueOf(registry, 'cache_attribution_run_consecutive_failures')).to.equal(2)
    expect(await valueOf(registry, 'cache_attribution_run_errors_total{code="ERR_MALLCTL"}')).to.equal(2)
    await coordinator.attribute()
    expect(await valueOf(registry, 'cache_attribution_run_consecutive_failures')).to.equal(0)
  })

  it('that are aborted are no failures', async () => {
    const { world, coordinator, registry } = place()
    const cache = world.cache('users', { heap: MIB })
    coordinator.register('users', { release: () => void coordinator.abort(), entries: () => cache.entryCount })
    await rejectionOf(coordinator.attribute())
    expect(await valueOf(registry, `${RUNS}{status="aborted",mode="release",trigger="call"}`)).to.equal(1)
    expect(await valueOf(registry, 'cache_attribution_run_consecutive_failures')).to.equal(0)
  })
})

describe('what collectMetrics() refuses', () => {
  const { coordinator } = place()
  const cases: Readonly<Record<string, readonly [unknown, unknown, string]>> = {
    'no coordinator': [undefined, undefined, 'ERR_OPTION_TYPE'],
    'a coordinator without its methods': [{ observe: 1 }, undefined, 'ERR_OPTION_TYPE'],
    'a misspelt option': [coordinator, { registry: new Registry() }, 'ERR_OPTION_UNKNOWN'],
    'a registry that is none': [coordinator, { register: {} }, 'ERR_OPTION_TYPE'],
    'no caches at all': [coordinator, { maxCaches: 0 }, 'ERR_OPTION_RANGE'],
    'half a cache': [coordinator, { maxCaches: 1.5 }, 'ERR_OPTION_RANGE'],
    'looks for every metric': [coordinator, { maxAgeMs: 0 }, 'ERR_OPTION_RANGE'],
    'monitors in a list': [coordinator, { monitors: [] }, 'ERR_OPTION_TYPE'],
    'a monitor that is none': [coordinator, { monitors: { memory: 1 } }, 'ERR_OPTION_TYPE'],
    'a monitor that tells nothing': [coordinator, { monitors: { memory: { statistics: {} } } }, 'ERR_OPTION_TYPE'],
    'too many monitors': [
      coordinator,
      { monitors: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`m${index}`, {}])) },
      'ERR_OPTION_RANGE',
    ],
    'a profiler that is none': [coordinator, { profiler: {} }, 'ERR_OPTION_TYPE'],
    'a history that is none': [coordinator, { history: 'folder' }, 'ERR_OPTION_TYPE'],
    'a limit of nothing': [coordinator, { limitBytes: 0 }, 'ERR_OPTION_RANGE'],
  }
  for (const [name, [given, options, code]] of Object.entries(cases)) {
    it(name, () => {
      const error = thrownBy(() => collectMetrics(given as Coordinator, options as CollectMetricsOptions))
      expect(error).to.be.instanceOf(CacheAttributionError).with.property('code', code)
    })
  }

  it('a registry that has metrics of these names, before anything is added', () => {
    const register = new Registry()
    new Gauge({ name: 'cache_attribution_run_active', help: 'mine', registers: [register] })
    const error = thrownBy(() => place({ register }))
    expect(error).to.have.property('code', 'ERR_METRICS_DUPLICATE')
    expect(register.getMetricsAsArray()).to.have.length(1)
    expect(() => place({ register: place().registry })).to.throw(/^ERR_METRICS_DUPLICATE: .*second coordinator/)
  })
})
