/**
 * A real Prometheus scrapes a service for a minute in which everything happens that the metrics report. Every expression of every
 * panel and rule must have given data, none an error, and every alert must have fired. A picture of the panels is taken at the end.
 *
 *   node dist/bench/metrics-soak.js [--seconds 60] [--picture .cache/metrics-panels.png]
 */
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ALERT_RULES } from '../tools/metrics/rules.js'
import { launchChromium } from '../test/http/page/fixtures/chromium.js'
import { panelPage } from '../test/metrics/panel-page.js'
import { expressions, observe } from '../test/metrics/prometheus.js'
import { flags } from './support/processes.js'
import { verdict } from './support/table.js'

/** Where a service has hours. */
const WINDOW_SECONDS = 10
const seconds = Number(flags('seconds')[0] ?? '60')
const picture = flags('picture')[0] ?? path.join('.cache', 'metrics-panels.png')

const asked = expressions(WINDOW_SECONDS)
const withData = new Set<string>()
const fired = new Set<string>()
const errors: string[] = []
let rounds = 0

await using observed = await observe(WINDOW_SECONDS)
const { prometheus } = observed
const startMs = performance.now()
while (performance.now() - startMs < seconds * 1000) {
  rounds++
  for (const { from, expr } of asked) {
    try {
      if ((await prometheus.query(expr)).length > 0) withData.add(expr)
    } catch (error) {
      errors.push(`${from}: ${String(error)}`)
    }
  }
  for (const { labels, state } of await prometheus.alerts())
    if (state === 'firing') fired.add(labels['alertname'] ?? '')
  await delay(500)
}
const scrapes = await prometheus.query('sum(count_over_time(up[1h]))')
const lost = await prometheus.query('min_over_time(up[1h]) == 0')
const silent = asked.filter(({ expr }) => !withData.has(expr))
const quiet = ALERT_RULES.filter(({ alert }) => !fired.has(alert)).map(({ alert }) => alert)
for (const { from, expr } of silent) console.log(`no data: ${from}: ${expr}`)
for (const error of errors.slice(0, 10)) console.log(error)
verdict(`${scrapes[0]?.value?.[1] ?? '0'} scrapes in ${seconds} s, none lost`, lost.length === 0)
verdict(`${asked.length} expressions asked ${rounds} times: ${withData.size} gave data`, silent.length === 0)
verdict(`errors: ${errors.length}`, errors.length === 0)
verdict(
  `alerts that fired: ${fired.size} of ${ALERT_RULES.length}${quiet.length === 0 ? '' : `, not ${quiet.join(', ')}`}`,
  quiet.length === 0,
)

await mkdir(path.dirname(picture), { recursive: true })
const browser = await launchChromium()
const page = await browser.newPage({ viewport: { width: 1470, height: 900 } })
await page.setContent(await panelPage(prometheus, seconds, WINDOW_SECONDS))
await page.screenshot({ path: picture, fullPage: true })
await browser.close()
console.log(`picture: ${picture}`)
