import http from 'node:http'
import { expect } from 'chai'
import type { FleetReport } from '../../src/fleet/index.js'
import { fleetPage, fleetPagePolicy } from '../helpers/internals/fleet.js'
import { thorough } from '../helpers/thorough.js'
import { axeViolations } from '../http/page/fixtures/axe.js'
import { openPage, sharedChromium } from '../http/page/fixtures/chromium.js'
import { clusterReport } from '../http/page/fixtures/fake-data.js'
import { closeServer, listen } from '../http/site.js'

const HOSTILE = '</td><script>alert(1)</script>&"\u202E'

/** Replicas of two versions, one named by an attacker. */
function report(): FleetReport {
  const { replicas, caches, ...rest } = clusterReport()
  const [first, ...others] = replicas
  const [cache] = caches
  if (first === undefined || cache === undefined) throw new Error('the report is empty')
  const perEntry = { bytesPerEntry: 5942, uncertaintyBytes: 10 }
  const groups = [
    { value: '1.0', replicas: 2, medianBytes: 2 * 2 ** 20, perEntry },
    { value: '2.0', replicas: 1, medianBytes: 40 * 2 ** 20, perEntry: { bytesPerEntry: 9000, uncertaintyBytes: 20 } },
  ]
  const difference = { label: 'version', value: '2.0', against: '1.0', bytesPerEntry: 3058, uncertaintyBytes: 22 }
  return {
    ...rest,
    stopped: { code: 'ERR_FLEET_STOPPED', message: 'three runs did not end well' },
    replicas: [
      { ...first, labels: { version: HOSTILE } },
      ...others.map((each) => ({ ...each, labels: { version: '2.0' } })),
    ],
    caches: [{ ...cache, name: HOSTILE, labels: { version: groups }, differences: [difference] }],
  }
}

describe('the page of a fleet', () => {
  it('has every name as text, and one style that its policy names', () => {
    const page = fleetPage(report())
    expect(page).to.not.include('<script')
    expect(page.match(/<style>/g)).to.have.length(1)
    expect(page).to.include('&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;')
    expect(page).to.include(fleetPagePolicy())
    expect(page).to.not.match(/(?:src|href|style)=|\son\w+=/)
    expect(page).to.not.include('\u202E')
  })

  it('says what stands out, each label and replica, and what was not measured', () => {
    const text = fleetPage(report()).replaceAll(/<[^>]*>/g, ' ')
    expect(text).to.match(/an entry takes 2\.99 KiB ± 22 B more in version 2\.0 than in version 1\.0/)
    expect(text).to.match(/process 4131 holds 40\.00 MiB, 4\.4 × the median/)
    expect(text).to.match(/version\s+2\.0\s+1\s+40\.00 MiB\s+9,000\s+20 B/)
    expect(text).to.match(/process 4132 unreachable: ERR_FLEET_NO_ENDPOINT/)
    expect(text).to.match(/ERR_FLEET_STOPPED: three runs did not end well; 0 replicas not asked/)
    expect(fleetPage(report())).to.match(/<td class="number far">40\.00 MiB</)
  })

  it('has a table of replicas without what the report does not keep', () => {
    const [cache] = report().caches
    const page = fleetPage({ ...report(), caches: cache === undefined ? [] : [{ ...cache, byReplica: null }] })
    expect(page).to.include('Of so many replicas the report does not keep')
    expect(page).to.not.include('far">40.00 MiB')
  })

  it('is a page where nothing was measured', () => {
    const page = fleetPage({ ...report(), caches: [], replicas: [], owners: [] })
    expect(page.replaceAll(/<[^>]*>/g, ' ')).to.match(/Caches of 0 replicas[^]*ERR_FLEET_STOPPED/)
  })

  thorough('runs nothing, fits a telephone, and has no violation of accessibility', async function () {
    this.timeout(60_000)
    const browser = await sharedChromium(this)
    const server = http.createServer((_, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(fleetPage(report()))
    })
    const port = await listen(server)
    try {
      for (const colorScheme of ['light', 'dark'] as const) {
        for (const width of [1280, 390]) {
          const viewport = { width, height: 844 }
          const watched = await openPage(browser, `http://127.0.0.1:${String(port)}/`, {
            colorScheme,
            viewport,
          })
          const { page, complaints } = watched
          expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(width)
          expect(await axeViolations(page), `${colorScheme} ${String(width)}`).to.deep.equal([])
          expect(complaints).to.deep.equal([])
          await watched.close()
        }
      }
    } finally {
      await closeServer(server)
    }
  })
})
