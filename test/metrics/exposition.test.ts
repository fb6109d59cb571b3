import { expect } from 'chai'
import { Counter, Gauge, Histogram, Registry, Summary, collectDefaultMetrics } from 'prom-client'
import { OPENMETRICS_FORMAT, TEXT_FORMAT, collectMetrics, formatMetrics } from '../../src/metrics/index.js'
import { World } from '../coordinator/world.js'
import { needsPrometheus, promtool } from './prometheus.js'

function registryOf(...fill: ((registers: Registry[]) => unknown)[]): Registry {
  const registry = new Registry()
  for (const add of fill) add([registry])
  return registry
}

describe('formatMetrics()', () => {
  it('writes what prom-client itself writes as text', async () => {
    const registry = registryOf(
      (registers) =>
        new Gauge({ name: 'a_gauge', help: 'with "quotes" and \\ and\na line', labelNames: ['x'], registers }).set(
          { x: 'a"\\\n😀' },
          -1.5,
        ),
      (registers) => new Counter({ name: 'a_total', help: 'help', registers }).inc(2),
      (registers) =>
        new Histogram({ name: 'a_seconds', help: 'help', buckets: [1, 2], labelNames: ['x'], registers }).observe(
          { x: '1' },
          1.5,
        ),
      (registers) => new Summary({ name: 'b_seconds', help: 'help', registers }).observe(1),
    )
    registry.setDefaultLabels({ app: 'mine' })
    const sorted = (text: string): string[] =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .toSorted()
    const normal = (lines: string[]): string[] =>
      lines.map((line) =>
        line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').toSorted().join(',')}}`),
      )
    expect(normal(sorted(await formatMetrics(registry)))).to.deep.equal(normal(sorted(await registry.metrics())))
  })

  it('writes numbers that the formats know', async () => {
    const gauge = (registers: Registry[]): Gauge<'x'> =>
      new Gauge({ name: 'g', help: 'h', labelNames: ['x'], registers })
    const registry = registryOf((registers) => {
      const one = gauge(registers)
      for (const [x, value] of Object.entries({ nan: NaN, up: Infinity, down: -Infinity, large: 1e21, zero: -0 }))
        one.set({ x }, value)
    })
    const text = await formatMetrics(registry)
    for (const line of ['g{x="nan"} NaN', 'g{x="up"} +Inf', 'g{x="down"} -Inf', 'g{x="large"} 1e+21', 'g{x="zero"} 0'])
      expect(text).to.include(`${line}\n`)
  })

  it('ends OpenMetrics with its mark, and names the family of a counter without its ending', async () => {
    const registry = registryOf((registers) => new Counter({ name: 'a_total', help: 'help', registers }).inc(2))
    expect(await formatMetrics(registry, OPENMETRICS_FORMAT)).to.equal(
      '# HELP a help\n# TYPE a counter\na_total 2\n# EOF\n',
    )
  })

  it('leaves the registry as it was, so that both formats may be asked for at once', async () => {
    const registry = registryOf((registers) => new Counter({ name: 'a_total', help: 'help', registers }))
    const [before, open, text] = await Promise.all([
      formatMetrics(registry, TEXT_FORMAT),
      formatMetrics(registry, OPENMETRICS_FORMAT),
      formatMetrics(registry, TEXT_FORMAT),
    ])
    expect(text).to.equal(before)
    expect(open).to.include('# TYPE a counter')
    expect(await registry.metrics()).to.include('a_total 0')
  })

  it('is what prom-client writes of these metrics in either format', async () => {
    const world = new World()
    const registry = collectMetrics(world.coordinator(), { environment: world.environment })
    expect(await formatMetrics(registry)).to.equal((await registry.metrics()).replaceAll('\n\n', '\n'))
    const open = await formatMetrics(registry, OPENMETRICS_FORMAT)
    registry.setContentType(OPENMETRICS_FORMAT as never)
    expect(await registry.metrics()).to.equal(open)
  })
})

describe('promtool', () => {
  before(function () {
    needsPrometheus(this)
  })

  it('finds nothing to say of these metrics, hostile names among them', async () => {
    const world = new World()
    const coordinator = world.coordinator()
    for (const name of ['"', '\\', '\n', '{', '😀', '\u0000', '\ud83d', 'x'.repeat(200)]) {
      coordinator.register(name, world.cache(name, { heap: 1000 }))
    }
    const registry = collectMetrics(coordinator, { environment: world.environment })
    await coordinator.attribute()
    const { ok, words } = promtool(['check', 'metrics'], await formatMetrics(registry))
    expect(words).to.equal('')
    expect(ok).to.equal(true)
  })

  it('would have found something', async () => {
    const registry = registryOf((registers) => {
      collectDefaultMetrics({ register: registers[0] ?? new Registry() })
    })
    expect(promtool(['check', 'metrics'], await formatMetrics(registry)).ok).to.equal(false)
    expect(promtool(['check', 'metrics'], 'a{x="\n"} 1').ok).to.equal(false)
  })
})
