import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { format, resolveConfig } from 'prettier'
import { Registry, collectDefaultMetrics } from 'prom-client'
import { PULLED, RECORDED } from '../helpers/internals/metrics.js'
import { dashboard } from '../../tools/metrics/dashboard.js'
import { metricsDocuments } from '../../tools/metrics/files.js'
import { ROWS } from '../../tools/metrics/panels.js'
import { ALERT_RULES, RECORDING_RULES } from '../../tools/metrics/rules.js'
import { needsPrometheus, promtool } from '../metrics/prometheus.js'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const OWN = [...PULLED, ...RECORDED].map(({ name }) => name)
const RECORDED_SERIES = RECORDING_RULES.map(({ record }) => record)

/** Names of metrics in an expression; those of a histogram's parts as the histogram's. */
function namesIn(expr: string): string[] {
  const withoutLabels = expr.replaceAll(/\{[^}]*\}/g, '')
  const names = withoutLabels.match(/[a-z]\w*(?::\w+)+|\b(?:cache_attribution|jemalloc|process|nodejs)_\w+/g) ?? []
  return names.map((name) => {
    const family = name.replace(/_(?:bucket|sum|count)$/, '')
    return RECORDED.some((metric) => metric.name === family) ? family : name
  })
}

function defaultNames(): string[] {
  const register = new Registry()
  collectDefaultMetrics({ register })
  return register.getMetricsAsArray().map(({ name }) => name)
}

describe('what is made of the metrics', () => {
  for (const [name, content] of Object.entries(metricsDocuments())) {
    it(`${name} is as it was written (npm run docs:metrics)`, async () => {
      const file = path.join(ROOT, name)
      const generated = await format(content, { ...(await resolveConfig(file)), filepath: file })
      expect(readFileSync(file, 'utf8')).to.equal(generated)
    })
  }
})

describe('the metrics', () => {
  it('have names that say their unit, and a total where they count', () => {
    for (const { name, type } of [...PULLED, ...RECORDED]) {
      expect(name).to.match(/^(?:cache_attribution|jemalloc)(?:_[a-z]+)+$/)
      expect(name.endsWith('_total'), name).to.equal(type === 'counter')
      expect(name).not.to.match(/_(?:ms|milliseconds|kib|mib|mb|percent)(?:_|$)/)
    }
    expect(new Set(OWN).size).to.equal(OWN.length)
  })

  it('have help that ends as a sentence does, and says what the name does', () => {
    for (const { name, help } of [...PULLED, ...RECORDED]) {
      expect(help, name).to.match(/^[A-Z].{15,140}\.$/)
      if (/_bytes(?:_total)?$/.test(name)) expect(help, name).to.match(/[Bb]ytes|memory|growth|distance|read last/)
      if (name.endsWith('_timestamp_seconds')) expect(help, name).to.match(/1970|The same/)
      if (/_(?:info|trend)$/.test(name)) expect(help, name).to.match(/^Always 1/)
    }
  })

  it('double no name of prom-client', () => {
    expect(OWN.filter((name) => defaultNames().includes(name))).to.deep.equal([])
  })
})

describe('the dashboard', () => {
  const queried = ROWS.flatMap(({ panels }) => panels).flatMap(({ queries }) =>
    queries.flatMap(({ expr }) => namesIn(expr)),
  )
  const behind = [...RECORDING_RULES, ...ALERT_RULES].flatMap(({ expr }) => namesIn(expr))
  const known = [...OWN, ...RECORDED_SERIES, ...defaultNames()]

  it('asks for nothing that does not exist', () => {
    expect(queried.filter((name) => !known.includes(name.replace(/\[.*/, '')))).to.deep.equal([])
  })

  it('shows every metric', () => {
    expect(OWN.filter((name) => !queried.includes(name))).to.deep.equal([])
  })

  it('shows everything that is recorded', () => {
    expect(RECORDED_SERIES.filter((name) => !queried.includes(name) && !behind.includes(name))).to.deep.equal([])
  })

  it('asks by labels that the metrics have', () => {
    const labels = new Map([...PULLED, ...RECORDED].map((metric) => [metric.name, metric.labels]))
    for (const { queries } of ROWS.flatMap(({ panels }) => panels)) {
      for (const { expr, legend } of queries) {
        const names = namesIn(expr).filter((name) => labels.has(name))
        const allowed = [...names.flatMap((name) => labels.get(name) ?? []), 'job', 'instance', 'cache']
        for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g)) expect(allowed, expr).to.include(label)
      }
    }
  })

  it('lets no two panels overlap, nor share a number', () => {
    const { panels } = dashboard() as {
      panels: { id: number; gridPos: { x: number; y: number; w: number; h: number } }[]
    }
    expect(new Set(panels.map(({ id }) => id)).size).to.equal(panels.length)
    const taken = new Set<string>()
    for (const {
      gridPos: { x, y, w, h },
    } of panels) {
      expect(x + w).to.be.at.most(24)
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          expect(taken.has(`${column},${row}`)).to.equal(false)
          taken.add(`${column},${row}`)
        }
      }
    }
  })

  it('marks runs at the moment that a series tells', () => {
    const { annotations, templating } = dashboard() as {
      annotations: { list: { expr: string }[] }
      templating: { list: { query: unknown }[] }
    }
    for (const { expr } of annotations.list) expect(OWN).to.include.members(namesIn(expr))
    const text = JSON.stringify(templating)
    for (const name of text.match(/cache_attribution_\w+/g) ?? []) {
      expect([...OWN, 'cache_attribution_cache_'], name).to.include(name)
    }
  })
})

describe('the rules', () => {
  before(function () {
    needsPrometheus(this)
  })
  const folder = path.join(ROOT, 'prometheus')
  const tests = readdirSync(path.join(folder, 'tests')).map((name) => path.join(folder, 'tests', name))

  it('use nothing that does not exist', () => {
    const known = [...OWN, ...RECORDED_SERIES, ...defaultNames()]
    const used = [...RECORDING_RULES, ...ALERT_RULES].flatMap(({ expr }) => namesIn(expr))
    expect(used.filter((name) => !known.includes(name))).to.deep.equal([])
  })

  it('and the scrape configuration are valid', () => {
    const rules = promtool([
      'check',
      'rules',
      ...['recording.yml', 'alerts.yml'].map((name) => path.join(folder, name)),
    ])
    expect(rules.ok, rules.words).to.equal(true)
    const config = promtool(['check', 'config', path.join(folder, 'scrape.yml')])
    expect(config.ok, config.words).to.equal(true)
  })

  it('fire when they should, and not when they should not (promtool test rules)', () => {
    const { ok, words } = promtool(['test', 'rules', ...tests])
    expect(ok, words).to.equal(true)
  })

  it('have a test each', () => {
    const all = tests.map((file) => readFileSync(file, 'utf8')).join('')
    for (const { alert } of ALERT_RULES) expect(all).to.match(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:`))
  })
})
