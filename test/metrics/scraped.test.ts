import { expect } from 'chai'
import { setTimeout as delay } from 'node:timers/promises'
import { ALERT_RULES, RECORDING_RULES } from '../../tools/metrics/rules.js'
import { OPENMETRICS_FORMAT, TEXT_FORMAT } from '../../src/metrics/index.js'
import { needsJemalloc } from '../helpers/child.js'
import { thoroughSuite } from '../helpers/thorough.js'
import { HOSTILE_NAMES } from './fixtures/planted.js'
import { expressions, needsPrometheus, observe } from './prometheus.js'
import type { Observed } from './prometheus.js'

const WINDOW_SECONDS = 4
/** For `node dist/bench/metrics-soak.js`, which waits until each of them has. */
const LATER = /^CacheAttribution|rate\(|increase\(|trend|growth_|deriv|forecast|firings|captures/

thoroughSuite('a real Prometheus that scrapes a service', function () {
  this.timeout(120_000)
  let observed: Observed
  before(async function () {
    needsJemalloc(this)
    needsPrometheus(this)
    observed = await observe(WINDOW_SECONDS)
    const { prometheus } = observed
    // Rules that are made of rules need a round each.
    for (let waits = 0; waits < 160; waits++) {
      // The first run may have found every cache still empty: an estimate tells of a later one.
      const found = await Promise.all(
        [
          'cache_attribution_run_finished_timestamp_seconds',
          'cache_attribution_cache_estimated_uncertainty_bytes',
          'job_cache:cache_attribution_cache_bytes:sum',
        ].map((expr) => prometheus.query(expr)),
      )
      if (found.every(({ length }) => length > 0)) break
      await delay(250)
    }
  })
  after(() => (observed as Observed | undefined)?.stop())

  it('takes every scrape, in the format that it likes best', async () => {
    const { activeTargets } = (await observed.prometheus.api('targets')) as {
      activeTargets: { health: string; lastError: string }[]
    }
    expect(activeTargets.map(({ health, lastError }) => [health, lastError])).to.deep.equal([['up', '']])
    const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.4'
    const open = await fetch(observed.metricsUrl, { headers: { accept } })
    expect(open.headers.get('content-type')).to.equal(OPENMETRICS_FORMAT)
    const text = await fetch(observed.metricsUrl, { headers: { accept: 'text/plain' } })
    expect(text.headers.get('content-type')).to.equal(TEXT_FORMAT)
  })

  it('knows each cache by a label of its own, whatever its name', async () => {
    const series = await observed.prometheus.query('cache_attribution_cache_entries')
    const labels = series.map(({ metric }) => metric['cache'])
    expect(new Set(labels).size).to.equal(HOSTILE_NAMES.length + 1)
    expect(labels).to.include.members(['sessions', '"quoted"', 'line\nend', 'back\\slash', '😀', '{job="x"} 1'])
  })

  it('evaluates every rule without an error', async () => {
    const { groups } = (await observed.prometheus.api('rules')) as {
      groups: { rules: { name: string; health: string; lastError?: string }[] }[]
    }
    const rules = groups.flatMap((group) => group.rules)
    expect(rules).to.have.length(ALERT_RULES.length + RECORDING_RULES.length)
    expect(rules.filter(({ health }) => health !== 'ok')).to.deep.equal([])
  })

  it('answers every expression of the dashboard and of the rules, with data where the service has run for seconds', async () => {
    const silent: string[] = []
    await Promise.all(
      expressions(WINDOW_SECONDS).map(async ({ from, expr }) => {
        const series = await observed.prometheus.query(expr)
        if (series.length === 0 && !LATER.test(`${from} ${expr}`)) silent.push(expr)
      }),
    )
    expect(silent).to.deep.equal([])
  })
})
