import { metrics } from '@opentelemetry/api'
import { AggregationTemporality, DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import { expect } from 'chai'
import type { Coordinator } from '../../src/index.js'
import { PULLED, RECORDED, instrumentName, unitOf } from '../helpers/internals/metrics.js'
import { meterCoordinator } from '../../src/metrics/opentelemetry.js'
import type { MeterOptions, MeteredInstruments } from '../../src/metrics/opentelemetry.js'
import { MIB, World, thrownBy } from '../coordinator/world.js'

/** Reads when a test asks. */
class ManualReader extends MetricReader {
  constructor(temporality = AggregationTemporality.CUMULATIVE) {
    super({ aggregationTemporalitySelector: () => temporality })
  }

  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}

  async metrics(): Promise<MetricData[]> {
    const { resourceMetrics, errors } = await this.collect()
    expect(errors).to.deep.equal([])
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
  }
}

interface Place {
  readonly world: World
  readonly coordinator: Coordinator
  readonly reader: ManualReader
  readonly instruments: MeteredInstruments
}

function place(options: MeterOptions = {}): Place {
  const world = new World()
  const coordinator = world.coordinator()
  const reader = new ManualReader()
  const meterProvider = new MeterProvider({ readers: [reader] })
  const instruments = meterCoordinator(coordinator, { meterProvider, environment: world.environment, ...options })
  return { world, coordinator, reader, instruments }
}

/** Values of one instrument by their attributes. */
async function valuesOf(reader: ManualReader, name: string): Promise<(readonly [object, unknown])[]> {
  const data = (await reader.metrics()).find(({ descriptor }) => descriptor.name === name)
  return (data?.dataPoints ?? []).map(({ attributes, value }) => [attributes, value])
}

describe('meterCoordinator()', () => {
  it('gives the figures of the allocator and of each cache to the real SDK', async () => {
    const { world, coordinator, reader } = place()
    coordinator.register('a "quoted" name', world.cache('users', { allocated: 3 * MIB, heap: MIB }))
    await coordinator.attribute()
    expect(await valuesOf(reader, 'jemalloc.allocated')).to.deep.equal([[{}, 40 * MIB]])
    expect(await valuesOf(reader, 'cache_attribution.cache.measured')).to.deep.equal([
      [{ cache: 'a "quoted" name', memory: 'allocator' }, 3 * MIB],
      [{ cache: 'a "quoted" name', memory: 'heap' }, MIB],
    ])
    const [[attributes, value] = []] = await valuesOf(reader, 'cache_attribution.run.duration')
    expect(attributes).to.deep.equal({ mode: 'release' })
    expect(value).to.include({ count: 1 })
  })

  it('tells units and kinds: memory adds up, a time does not, a count only grows', async () => {
    const { world, coordinator, reader } = place()
    coordinator.register('users', world.cache('users', { heap: MIB }))
    await coordinator.attribute()
    const kinds = Object.fromEntries(
      (await reader.metrics()).map((metric) => [
        metric.descriptor.name,
        [metric.descriptor.unit, DataPointType[metric.dataPointType], 'isMonotonic' in metric && metric.isMonotonic],
      ]),
    )
    expect(kinds['jemalloc.active']).to.deep.equal(['By', 'SUM', false])
    expect(kinds['cache_attribution.runs']).to.deep.equal(['{run}', 'SUM', true])
    expect(kinds['cache_attribution.cache.measured_timestamp']).to.deep.equal(['s', 'GAUGE', false])
    expect(kinds['cache_attribution.run.pause']).to.deep.equal(['s', 'HISTOGRAM', false])
  })

  it('names the error of a run as the semantic conventions do', async () => {
    const { world, coordinator, reader } = place({ onError: () => undefined })
    coordinator.once('run-started', () => (world.readError = new Error('no figures')))
    await coordinator.attribute().catch(() => undefined)
    world.readError = undefined
    expect(await valuesOf(reader, 'cache_attribution.run.errors')).to.deep.equal([[{ 'error.type': 'unknown' }, 1]])
  })

  it('forgets an unregistered cache', async () => {
    // With cumulative values the SDK itself goes on to tell the last one.
    const reader = new ManualReader(AggregationTemporality.DELTA)
    const { world, coordinator } = place({ meterProvider: new MeterProvider({ readers: [reader] }) })
    const registration = coordinator.register('users', world.cache('users', { heap: MIB }))
    expect(await valuesOf(reader, 'cache_attribution.cache.entries')).to.have.length(1)
    registration.unregister()
    world.clockMs += 1000
    expect(await valuesOf(reader, 'cache_attribution.cache.entries')).to.have.length(0)
  })

  it('reads nothing any more once it is closed', async () => {
    const { coordinator, reader, instruments } = place()
    instruments.close()
    expect(await reader.metrics()).to.deep.equal([])
    expect(coordinator.listenerCount('run-finished')).to.equal(0)
  })

  it('takes the global provider where none is given', () => {
    const world = new World()
    const asked: string[] = []
    const meterProvider = new MeterProvider()
    metrics.setGlobalMeterProvider({
      getMeter: (name) => {
        asked.push(name)
        return meterProvider.getMeter(name)
      },
    })
    meterCoordinator(world.coordinator()).close()
    metrics.disable()
    expect(asked).to.deep.equal(['cache-attribution'])
  })

  it('refuses what is no coordinator, no provider, no option', () => {
    const { coordinator } = place()
    expect(thrownBy(() => meterCoordinator(null as never))).to.have.property('code', 'ERR_OPTION_TYPE')
    expect(thrownBy(() => meterCoordinator(coordinator, { meterProvider: {} as never }))).to.have.property(
      'code',
      'ERR_OPTION_TYPE',
    )
    expect(thrownBy(() => meterCoordinator(coordinator, { register: 1 } as never))).to.have.property(
      'code',
      'ERR_OPTION_UNKNOWN',
    )
  })
})

describe('the names of instruments', () => {
  it('become the names for Prometheus by the rules of the specification', () => {
    const endings: Readonly<Record<string, string>> = { By: '_bytes', s: '_seconds', 'By/s': '_bytes_per_second' }
    for (const metric of [...PULLED, ...RECORDED]) {
      // Dots become underscores, the unit is appended, counters end in _total; what stands in braces is left out.
      const name = instrumentName(metric).replaceAll('.', '_') + (endings[unitOf(metric)] ?? '')
      expect(metric.type === 'counter' ? `${name}_total` : name).to.equal(metric.name)
    }
  })

  it('are of the characters that the API takes', () => {
    for (const metric of [...PULLED, ...RECORDED]) expect(instrumentName(metric)).to.match(/^[a-z][\w.]{0,254}$/)
  })
})
