import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { ROWS } from '../../tools/metrics/panels.js'
import type { Prometheus, Series } from '../../examples/12-metrics/prometheus.js'
import { launchChromium, openPage } from '../http/page/fixtures/chromium.js'
import { panelPage } from './panel-page.js'

/** Answers as Prometheus does, with labels that mean harm. */
function answering(values: readonly number[]): Prometheus {
  const now = Date.now() / 1000
  const series: Series = {
    metric: { cache: '<img src=x onerror=alert(1)>', instance: '127.0.0.1:1', memory: 'heap' },
    values: values.map((value, index) => [now - values.length + index, String(value)]),
  }
  return { queryRange: async () => (values.length === 0 ? [] : [series]) } as unknown as Prometheus
}

describe('the page of panels', () => {
  let browser: Browser
  before(async function () {
    browser = await launchChromium(this)
  })
  after(() => (browser as Browser | undefined)?.close())

  const open = async (prometheus: Prometheus): ReturnType<typeof openPage> => {
    const page = await panelPage(prometheus, 60, 10)
    return openPage(browser, `data:text/html;charset=utf-8,${encodeURIComponent(page)}`)
  }

  it('draws every panel of the dashboard, and takes labels for text', async () => {
    const opened = await open(answering([1, 5, NaN, 3]))
    const { page, complaints } = opened
    const panels = ROWS.flatMap((row) => row.panels)
    expect(await page.locator('.panel').count()).to.equal(panels.length)
    const charts = panels.filter(({ kind }) => kind === 'timeseries').length
    expect(await page.locator('svg').count()).to.equal(charts)
    expect(await page.locator('img').count()).to.equal(0)
    expect(await page.locator('body').textContent()).to.include('<img src=x')
    expect(complaints).to.deep.equal([])
    await opened.close()
  })

  it('says where a panel has nothing to show', async () => {
    const opened = await open(answering([]))
    const { page } = opened
    expect(await page.locator('.empty').count()).to.equal(await page.locator('.panel').count())
    await opened.close()
  })
})
