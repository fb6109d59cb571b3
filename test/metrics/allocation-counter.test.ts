import { expect } from 'chai'
import { LabelCache } from '../helpers/internals/metrics.js'
import { CacheAttributionError } from '../../src/index.js'
import { allocationCounter, collectMetrics } from '../../src/metrics/index.js'
import { World, thrownBy } from '../coordinator/world.js'
import { runFixture } from '../helpers/child.js'
import type { Collected } from './fixtures/collected.js'
import { linesOf, valueOf } from './registry.js'

describe('allocationCounter()', () => {
  it('counts what is added and taken off', () => {
    const counter = allocationCounter('added')
    for (const bytes of [10, 5, -3, 0, -0]) counter.add(bytes)
    expect([counter.allocatedBytes, counter.freedBytes, counter.liveBytes]).to.deep.equal([15, 3, 12])
  })

  it('keeps a negative sum', () => {
    const counter = allocationCounter('negative')
    counter.add(-7)
    expect(counter.liveBytes).to.equal(-7)
  })

  it('is the same for everyone who asks for the name', () => {
    expect(allocationCounter('shared')).to.equal(allocationCounter('shared'))
    expect(allocationCounter('shared')).not.to.equal(allocationCounter('shared '))
  })

  it('gives back what it tracks, and counts each memory once', () => {
    const counter = allocationCounter('tracked')
    const shared = new SharedArrayBuffer(64)
    expect(counter.track(shared)).to.equal(shared)
    counter.track(new Uint8Array(shared, 8, 8))
    counter.track(new DataView(new ArrayBuffer(100), 50))
    counter.track(new ArrayBuffer(0))
    expect(counter.liveBytes).to.equal(164)
  })

  it('counts as freed what is collected, when nothing refers to its memory any more', async () => {
    const found = await runFixture<Collected>('metrics/fixtures/collected', { execArgv: ['--expose-gc'] })
    expect(found).to.deep.equal({ allocated: 2000, liveWhileHeld: 1000, liveWithView: 1000, liveAtEnd: 0 })
  })

  it('is shown by every registry, under a label that is short', async () => {
    const long = `${'long '.repeat(2000)}name`
    allocationCounter(long).add(42)
    allocationCounter('"quoted"').add(43)
    const world = new World()
    const registry = collectMetrics(world.coordinator(), { environment: world.environment, maxCaches: 10_000 })
    const label = new LabelCache().of(long)
    expect(await valueOf(registry, `cache_attribution_allocation_live_bytes{counter="${label}"}`)).to.equal(42)
    expect(await valueOf(registry, 'cache_attribution_allocation_bytes_total{counter="\\"quoted\\""}')).to.equal(43)
    expect(Math.max(...(await linesOf(registry)).map(({ length }) => length))).to.be.below(250)
  })

  const refused: Readonly<Record<string, readonly [() => unknown, string]>> = {
    'a name that is none': [() => allocationCounter(7 as never), 'ERR_OPTION_TYPE'],
    'an empty name': [() => allocationCounter(''), 'ERR_OPTION_RANGE'],
    'a name without an end': [() => allocationCounter('x'.repeat(65_537)), 'ERR_OPTION_RANGE'],
    'half a byte': [() => allocationCounter('a').add(0.5), 'ERR_OPTION_RANGE'],
    'NaN bytes': [() => allocationCounter('a').add(NaN), 'ERR_OPTION_RANGE'],
    'infinitely many bytes': [() => allocationCounter('a').add(Infinity), 'ERR_OPTION_RANGE'],
    'more bytes than can be counted': [() => allocationCounter('a').add(2 ** 53), 'ERR_OPTION_RANGE'],
    'bytes as text': [() => allocationCounter('a').add('5' as never), 'ERR_OPTION_TYPE'],
    'bytes as a bigint': [() => allocationCounter('a').add(5n as never), 'ERR_OPTION_TYPE'],
    'nothing to track': [() => allocationCounter('a').track(null as never), 'ERR_OPTION_TYPE'],
    'a text to track': [() => allocationCounter('a').track('text' as never), 'ERR_OPTION_TYPE'],
    'what only looks like a view': [
      () => allocationCounter('a').track({ buffer: {}, byteLength: 5 } as never),
      'ERR_OPTION_TYPE',
    ],
  }
  for (const [name, [call, code]] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      expect(thrownBy(call)).to.be.instanceOf(CacheAttributionError).with.property('code', code)
    })
  }

  it('leaves the count as it was after a refusal', () => {
    expect([allocationCounter('a').allocatedBytes, allocationCounter('a').freedBytes]).to.deep.equal([0, 0])
  })

  it('refuses names without end, and keeps those that there are', async () => {
    // In a process of its own: no name ever goes.
    const code = await runFixture<string>('metrics/fixtures/thousand-counters')
    expect(code).to.equal('ERR_COUNTER_LIMIT')
  })
})
