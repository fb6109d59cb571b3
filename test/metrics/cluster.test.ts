import { expect } from 'chai'
import { PULLED } from '../helpers/internals/metrics.js'
import { runFixture } from '../helpers/child.js'
import type { Clustered } from './fixtures/clustered.js'

/** Series → value. */
function seriesIn(text: string): Map<string, number> {
  const pairs = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): [string, number] => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ])
  return new Map(pairs)
}

describe('metrics under cluster', function () {
  this.timeout(60_000)
  let together: Map<string, number>
  let own: Map<string, number>[]
  const of = (name: string): number[] => own.map((series) => series.get(name) ?? NaN)

  before(async () => {
    const result = await runFixture<Clustered>('metrics/fixtures/clustered', { preload: 'jemalloc', timeoutMs: 50_000 })
    together = seriesIn(result.together)
    own = result.own.map(seriesIn)
  })

  it('have moments that are moments', () => {
    const now = Date.now() / 1000
    for (const name of [
      'cache_attribution_run_finished_timestamp_seconds',
      'cache_attribution_cache_measured_timestamp_seconds{cache="users"}',
    ]) {
      expect(together.get(name)).to.equal(Math.max(...of(name)))
      expect(together.get(name)).to.be.within(now - 300, now)
    }
  })

  it('have ones that are one, and flags that are no counts', () => {
    const infos = [...together].filter(([name]) => name.startsWith('cache_attribution_allocator_info'))
    expect(infos.map(([, value]) => value)).to.deep.equal([1])
    expect(together.get('cache_attribution_run_active')).to.equal(0)
  })

  it('add up what adds up', () => {
    const measured = 'cache_attribution_cache_measured_bytes{cache="users",memory="allocator"}'
    expect(together.get(measured)).to.equal(of(measured).reduce((sum, value) => sum + value))
    expect(together.get(measured)).to.be.closeTo(3 * 64 * 65_536, 100_000)
    expect(together.get('cache_attribution_caches')).to.equal(3)
    expect(together.get('cache_attribution_runs_total{status="finished",mode="release",trigger="call"}')).to.equal(3)
    expect(together.get('cache_attribution_run_duration_seconds_count{mode="release"}')).to.equal(3)
  })

  it('have one limit, the least', () => {
    expect(of('cache_attribution_memory_limit_bytes').toSorted()).to.deep.equal([500_000_000, 500_000_001, 500_000_002])
    expect(together.get('cache_attribution_memory_limit_bytes')).to.equal(500_000_000)
  })

  it('leave out errors, which do not add up, and nothing else', () => {
    const nameOf = (series: string): string => series.replace(/\{.*/, '')
    const omitted = new Set(PULLED.filter(({ acrossProcesses }) => acrossProcesses === 'omit').map(({ name }) => name))
    const expected = new Set(
      own.flatMap((series) => [...series.keys()]).filter((series) => !omitted.has(nameOf(series))),
    )
    expect(omitted).to.include('cache_attribution_cache_uncertainty_bytes')
    expect(of('cache_attribution_cache_uncertainty_bytes{cache="users"}')).to.not.include(NaN)
    expect([...together.keys()]).to.have.members([...expected])
  })
})

describe('the aggregation of a metric', () => {
  it('never adds moments, flags, errors, or ones', () => {
    for (const { name, help, acrossProcesses } of PULLED) {
      const isNoSum =
        /timestamp|uncertainty|noise|_low_|_high_|_info$|_trend$|limit|interval/.test(name) ||
        /1, else 0|Always 1/.test(help)
      if (isNoSum) expect(acrossProcesses, name).to.not.equal('sum')
      else if (/_total$|_bytes$|_entries$/.test(name) && !name.includes('twin_copied'))
        expect(acrossProcesses, name).to.equal('sum')
    }
  })
})
