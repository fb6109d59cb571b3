import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { headline } from '../../../src/index.js'
import type { CacheView, StatusView } from '../../helpers/internals/http-admin.js'
import type { AttributionReport } from '../../../src/index.js'
import { thorough } from '../../helpers/thorough.js'
import { axeViolations } from './fixtures/axe.js'
import { sharedChromium, openPage } from './fixtures/chromium.js'
import type { WatchedPage } from './fixtures/chromium.js'
import {
  breakdown,
  cacheViews,
  discovery,
  histogram,
  manyCacheViews,
  pastReports,
  reportOf,
  sample,
  sampleWithoutAllocator,
  statusView,
  trends,
  unknownCacheView,
} from './fixtures/fake-data.js'
import { startFakeServer } from './fixtures/fake-server.js'
import type { FakeServer, FakeState } from './fixtures/fake-server.js'

/** The messages of Chromium itself about an answer with a status of failure, or of none. */
const FAILED_ANSWER = /Failed to load resource/
const NARROW: BrowserContextOptions = { viewport: { width: 400, height: 800 } }
const HOSTILE = '<script>alert(1)</script>'

describe('the page in a browser', function () {
  this.timeout(60_000)
  let browser: Browser
  let server: FakeServer
  let watched: WatchedPage
  let page: Page

  before(async function () {
    browser = await sharedChromium(this)
  })
  afterEach(async () => {
    // Where the page could not be opened, that is what failed.
    await (watched as WatchedPage | undefined)?.close()
    await (server as FakeServer | undefined)?.stop()
    expect((watched as WatchedPage | undefined)?.complaints ?? []).to.deep.equal([])
  })

  /** Opens the page over a server in this state, and waits until it shows something. */
  async function open(
    state: Partial<FakeState>,
    options: BrowserContextOptions = {},
    ignored: RegExp | null = null,
  ): Promise<void> {
    server = await startFakeServer(state)
    watched = await openPage(browser, server.url, options, ignored)
    page = watched.page
    await page.locator('.rss-figure').waitFor()
  }
  const table = (): Locator => page.getByRole('table', { name: 'Caches' })
  const rowOf = (name: string): Locator =>
    table()
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader', { name, exact: true }) })
  /** Opens one of the views below the answer. */
  const view = (name: string): Promise<void> => page.getByRole('tab', { name }).click()
  const start = (): Locator => page.getByRole('button', { name: /in a twin$/ })
  /** Until so many reports are in the list, whichever view is open. */
  const reported = async (count: number): Promise<void> => {
    const words = `${String(count)} report${count === 1 ? '' : 's'} kept in memory`
    await page.locator('#history-summary', { hasText: words }).waitFor({ state: 'attached', timeout: 40_000 })
  }
  const measured = (): Partial<FakeState> => ({ reports: [...pastReports(3), reportOf({ id: 'last' })] })
  /** Fills and opens each view in turn, and a row of the answer. */
  const throughViews = async (check: (name: string) => Promise<void>): Promise<void> => {
    await page
      .locator('#holders')
      .getByRole('button', { name: /^Details of/ })
      .first()
      .click()
    await page.locator('#caches').getByRole('button', { name: 'Details of files' }).click()
    await page.getByText('Options', { exact: true }).click()
    await check('Caches')
    await view('Owners')
    await page.getByRole('button', { name: 'Find owners' }).click()
    await page.getByRole('table', { name: 'Owners of live memory' }).waitFor()
    await check('Owners')
    await view('Growth')
    await page.getByText('All 4 reports as a table').click()
    await check('Growth')
    await view('JS heap')
    await page.getByRole('button', { name: 'Count objects by class' }).click()
    await page.getByRole('table', { name: 'JS heap by class' }).waitFor()
    await check('JS heap')
    for (const [name, rows] of [
      ['Threads', /^Each thread/],
      ['Processes', /^Each process/],
    ] as const) {
      await view(name)
      await page.getByRole('button', { name: `Measure all ${name.toLowerCase()}` }).click()
      await page.getByRole('table', { name: rows }).waitFor()
      await check(name)
    }
    for (const name of ['All of RSS', 'Saved reports']) {
      await view(name)
      await check(name)
    }
  }
  /** With a history, after a restart: two reports are of the process before. */
  const grown = (): Partial<FakeState> => ({
    status: { ...several(), hasHistory: true },
    trends: trends(),
    breakdown: breakdown(),
    reports: [...pastReports(3), reportOf({ id: 'last' })].map((report, index) =>
      index < 2 ? { ...report, process: { ...report.process, pid: 9 } } : report,
    ),
  })

  it('says how the life before ended', async () => {
    const sentences = ['<b>shop</b> ended without notice at 2026-11-30 12:00:00 UTC.', 'It was at 512 MiB.']
    await open({ status: { ...statusView(), lastLife: { endedAt: '2026-11-30T12:00:00.000Z', headline: sentences } } })
    const before = page.getByRole('region', { name: 'The process before this one' })
    expect(await before.innerText()).to.equal(`The process before this one: ${sentences.join(' ')}`)
  })

  it('says who is looked at', async () => {
    await open({})
    expect(await page.locator('#last-life').isVisible()).to.equal(false)
    expect(await page.getByRole('heading', { level: 1 }).innerText()).to.equal('Memory shop')
    const facts = await page.getByRole('list', { name: 'Process' }).innerText()
    expect(await page.title()).to.equal('shop · shop-7d9f · 4121')
    for (const fact of ['host shop-7d9f', 'pid 4121', 'Node v20.20.2', 'jemalloc 5.3.0', 'up 3 h 12 min'])
      expect(facts).to.contain(fact)
  })

  it('is a table by role, with the figures of the report', async () => {
    await open(measured())
    await rowOf('compressed').waitFor()
    expect(await table().getByRole('columnheader').allInnerTexts()).to.include.members(['claimed', 'entries', '±'])
    const cells = (await rowOf('compressed').getByRole('cell').allInnerTexts()).map((cell) =>
      cell.replaceAll(/\s*\n\s*/g, ''),
    )
    expect(cells).to.include.members(['48.68 MiB', '± 1.10 MiB', '10.74 MiB', '4.53 ×', '4,355'])
    // The report is as old as the page took to be opened.
    expect(cells.filter((cell) => /^measured(?:just now|\d+ s ago)$/.test(cell))).to.have.length(1)
    expect(await rowOf('held by no cache (floor)').innerText()).to.contain('36.90 MiB')
    expect(await rowOf('unattributed').innerText()).to.contain('−204.8 KiB')
    const sentences = headline(reportOf({ id: 'last' }))
    expect(sentences).not.to.deep.equal([])
    expect(await page.locator('#headline').innerText()).to.equal(sentences.join(' '))
  })

  thorough('shows the largest first, and sorts by what is asked for', async () => {
    await open(measured())
    const names = (): Promise<string[]> => page.locator('#caches-body').getByRole('rowheader').allInnerTexts()
    await rowOf('compressed').waitFor()
    expect((await names())[0]).to.equal('compressed')
    await table().getByRole('button', { name: 'entries' }).click()
    await table().locator('[aria-sort]', { hasText: 'entries' }).waitFor()
    expect((await names())[0]).to.equal('sessions')
  })

  thorough('fills the rows as the run comes to them, and ends with the report', async () => {
    await open({ holdsAfter: 3 })
    await start().click()
    await page.getByText('Measuring in a twin: 3 of 7').waitFor()
    expect(await rowOf('sqlite pages').innerText()).to.contain('38.70 MiB')
    expect(await rowOf('documents').innerText()).to.contain('waiting')
    expect(await page.getByRole('progressbar').getAttribute('value')).to.equal('3')
    server.goOn()
    await rowOf('documents').getByText('26.52 MiB').waitFor()
    await start().waitFor()
    expect(server.state.asked).to.deep.equal(['POST attribution {"mode":"twin"}'])
    expect(await page.locator('#announcer').innerText()).to.contain('The run is over')
  })

  it('finds out by one button, says what to do, and opens a row to its details', async () => {
    await open({ discovery: discovery(), breakdown: breakdown(), holdsAfter: 7, rowDelayMs: 0 })
    const holders = page.getByRole('table', { name: 'Who holds the memory' })
    expect(await page.getByText('no memory limit is set').count(), 'a limit is told').to.equal(0)
    expect(await page.locator('#rss').innerText()).to.match(/328\.6 MiB\s+of 512\.0 MiB/)
    expect(await page.getByText(/^Registered and not measured yet: compressed, files/).count()).to.equal(1)
    expect(await page.locator('#answer-facts').innerText()).to.match(
      /not known yet\s+RSS growth is known in about 10 s; each holder’s growth/,
    )
    expect(await holders.getByRole('columnheader', { name: 'growth' }).count(), 'a column of dashes').to.equal(0)
    await page.getByRole('button', { name: 'Find out' }).click()
    await holders.getByRole('row', { name: /bus\.listeners|bus\._events\.config/ }).waitFor()
    expect(server.state.asked).to.deep.equal(['POST attribution {"mode":"twin","discover":20,"breakdown":true}'])
    expect(await page.locator('#findings').innerText()).to.match(/bus\._events\.config[^]*Show it/)
    await page
      .getByRole('button', { name: /^Show it/ })
      .first()
      .click()
    const details = await page.locator('#holders .details').innerText()
    expect(details).to.match(/Path\s+bus\._events\.config[^]*29\.60 MiB ± 409\.6 KiB, emptied in the twin/)
    expect(details).to.match(/How to act[^]*docs\/guide\/rss-grows\.md/)
    const untold = await page.evaluate(
      "[...document.querySelectorAll('#holders tr:not(.details) td[data-label]')].filter(({ title }) => title === '').length",
    )
    expect(untold, 'every figure has a tooltip').to.equal(0)
  })

  it('says what grows between two runs, with a line, and no more than that within the ±', async () => {
    const reports = [
      reportOf({ id: 'one', startedAt: new Date(Date.now() - 600_000).toISOString() }),
      reportOf({ id: 'last', growth: 1.3 }),
    ]
    await open({
      reports,
      caches: cacheViews().map((each) => ({ ...each, ...measuredView(each.name, reports[1]) })),
      sample: { ...sample(), rssBytes: 700 * 1024 * 1024 },
    })
    const facts = page.locator('#answer-facts')
    await facts.getByText(/compressed \+14\.\d+ MiB in 10 min/).waitFor()
    const row = page.locator('#holders').getByRole('row', { name: /^cache compressed/ })
    expect(await row.innerText()).to.match(/\+14\.\d+ MiB in 10 min/)
    expect(await row.locator('svg').count()).to.equal(1)
  })

  thorough('aborts a run', async () => {
    await open({ holdsAfter: 1 })
    await start().click()
    const aborted = page.waitForResponse((answer) => answer.request().method() === 'DELETE')
    await page.getByRole('button', { name: 'Abort' }).click()
    await page.getByText('aborting …').first().waitFor()
    await aborted
    expect(server.state.asked.at(-1)).to.equal('DELETE attribution/current')
    server.goOn()
  })

  thorough('measures the ticked caches only', async () => {
    await open({})
    await page.getByRole('checkbox', { name: 'Tick files' }).check()
    await page.getByRole('checkbox', { name: 'Tick dns' }).check()
    await page.getByRole('button', { name: 'Measure 2 caches in a twin' }).click()
    await reported(1)
    expect(server.state.asked).to.deep.equal(['POST attribution {"mode":"twin","only":["files","dns"]}'])
  })

  it('asks before it releases, says what that costs, and lets it be', async () => {
    await open({})
    await page.getByRole('radio', { name: 'Release' }).check()
    await page.getByRole('button', { name: 'Release 5 caches …' }).click()
    const dialog = page.getByRole('dialog', { name: 'Release 5 caches in the live process?' })
    expect(await dialog.innerText()).to.match(
      /Hit rate: every entry goes[^]*Pauses: the process stops for two garbage collections/,
    )
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    expect(server.state.asked).to.deep.equal([])
  })

  thorough('trims by the share that is given, once it is confirmed', async () => {
    await open({})
    await page.getByRole('radio', { name: 'Trim' }).check()
    await page.getByText('Options', { exact: true }).click()
    await page.getByLabel(/Share to drop/).fill('10')
    await page.getByRole('button', { name: /^Trim 4 caches/ }).click()
    await page.getByRole('button', { name: 'Drop and measure' }).click()
    await reported(1)
    expect(server.state.asked).to.deep.equal(['POST attribution {"mode":"trim","fraction":0.1}'])
  })

  thorough('releases one cache from its details, after the same question', async () => {
    await open({})
    await page.locator('#caches').getByRole('button', { name: 'Details of sessions' }).click()
    await page.getByRole('button', { name: 'Release this cache …' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.innerText()).to.contain('Lost for good, by their registration: sessions.')
    await dialog.getByRole('button', { name: 'Release and measure' }).click()
    await reported(1)
    expect(server.state.asked).to.deep.equal(['POST caches/sessions/release'])
  })

  it('works by keyboard alone', async () => {
    await open({ holdsAfter: 2 })
    const focused = (what: string): Promise<unknown> => page.evaluate(`document.activeElement.${what}`)
    await page.keyboard.press('Tab')
    expect(await focused('textContent')).to.equal('Skip to the answer')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await focused('textContent')).to.equal('Find out')
    await page.keyboard.press('Enter')
    await page.getByText('Measuring in a twin: 2 of 7').waitFor()
    expect(await focused('textContent'), 'focus while it runs').to.equal('Abort')
    server.goOn()
    await page.locator('#start:focus, #find-out:focus').waitFor()
    await page.getByRole('tab', { name: 'Caches' }).focus()
    await page.keyboard.press('ArrowRight')
    expect(await focused('textContent')).to.equal('Owners and packages')
    expect(await page.getByRole('tabpanel').getAttribute('id')).to.equal('owners-view')
    await page.keyboard.press('End')
    expect(await page.getByRole('tabpanel').getAttribute('id')).to.equal('reports-view')
    await page.keyboard.press('Home')
    await page.getByRole('radio', { name: 'Twin' }).focus()
    await page.keyboard.press('ArrowRight')
    expect(await page.getByRole('radio', { name: 'Release' }).isChecked()).to.equal(true)
  })

  thorough('keeps the focus while figures change below it', async () => {
    await open(measured())
    await page.locator('#caches').getByRole('button', { name: 'Details of files' }).focus()
    await page.keyboard.press('Enter')
    server.state.caches = cacheViews().map((cache) => ({ ...cache, entries: (cache.entries ?? 0) + 1 }))
    await rowOf('files').getByText('6,994').waitFor({ timeout: 15_000 })
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).to.equal('Details of files')
  })

  it('lists owners with their paths, what was measured of them, and the rest', async () => {
    await open({ discovery: discovery() })
    await view('Owners')
    await page.getByRole('button', { name: 'Find owners' }).click()
    const owners = page.getByRole('table', { name: 'Owners of live memory' })
    const row = owners.getByRole('row').filter({ hasText: 'bus._events.config' }).first()
    expect(await row.innerText()).to.match(/29\.56 MiB[^]*29\.60 MiB ± 409\.6 KiB[^]*28\.00 MiB/)
    const words = await owners.innerText()
    expect(words).to.match(/12 smaller owners/)
    expect(words).to.match(/the rest: code, Node itself and small pieces/)
    expect(words).to.match(/sized by the heap graph alone: it cannot be emptied safely/)
    const notes = await page.getByRole('list', { name: 'Notes' }).innerText()
    expect(notes).to.match(/^Of the live 50\.00 MiB allocator \+ 10\.00 MiB JS heap, 68\.3 % are explained by owner/)
    expect(notes).to.match(/Native memory without a JavaScript owner: 18\.53 MiB beside Node's own; a heap profile/)
    expect(notes).to.match(/Owner 1: 2\.00 MiB more came back/)
    expect(notes).to.match(
      /of owner 1, 2\.00 MiB \(×400\) are held by server\.js › byId and server\.js › byName together/,
    )
    const packages = await page.getByRole('table', { name: /^By package/ }).innerText()
    expect(packages).to.match(/Node itself\s+bytecode 22\.89 MiB\s+22\.89 MiB\s+60\.0 %\s+976\.6 KiB\s+4\.00 MiB/)
    expect(packages).to.match(/@scope\/tables-of-every-language/)
  })

  thorough('draws the history, hides and shows its lines, and shows an older report', async () => {
    await open(measured())
    await view('Growth')
    await page.locator('.chart canvas').waitFor()
    const line = page.getByRole('button', { name: /^files/ })
    await line.click()
    expect(await page.getByRole('button', { name: /^files/ }).getAttribute('aria-pressed')).to.equal('false')
    await page.getByText('All 4 reports as a table').click()
    await page
      .getByRole('button', { name: /^Show the report/ })
      .last()
      .click()
    await page.getByText(/^The figures are those of a report from [23] h ago/).waitFor()
    await view('Caches')
    await page.getByText(/measured in a twin [23] h ago/).waitFor()
    await page.getByRole('button', { name: 'Back to the process now' }).click()
    await page.getByText(/measured in a twin just now|measured in a twin \d+ s ago/).waitFor()
    expect(await page.locator('#pinned').isVisible()).to.equal(false)
  })

  thorough('saves a report as JSON and as text', async () => {
    await open(measured())
    const link = page.getByRole('link', { name: 'Report last as JSON' }).first()
    expect(await link.getAttribute('href')).to.equal(`${server.url}attribution/last`)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Report last as text' }).first().click()
    expect((await saved).suggestedFilename()).to.equal('report-last.txt')
  })

  it('shows a report out of a file, compares two, and saves one without its names', async () => {
    await open(measured())
    await view('Saved reports')
    const choose = async (name: string, content: string): Promise<void> => {
      const file = { name, mimeType: 'application/json', buffer: Buffer.from(content) }
      await page.getByLabel('Show a saved report').setInputFiles(file)
    }
    await choose('x.json', '{"caches":[]}')
    await page.getByRole('alert').getByText('The file contains JSON that is not a report: id is missing.').waitFor()
    await choose('theirs.json', JSON.stringify(reportOf({ id: 'theirs', growth: 2 })))
    await page.getByText(/^The figures are those of a report from theirs\.json/).waitFor()
    const row = page.locator('#holders').getByRole('row', { name: /^cache compressed/ })
    expect(await row.locator('[data-label="bytes"]').innerText()).to.match(/ MiB$/)
    await page.locator('#compare-from').selectOption({ index: 1 })
    await page.locator('#compare-to').selectOption({ index: 0 })
    await page.getByRole('button', { name: 'Compare' }).click()
    const changes = page.getByRole('table', { name: /^Changes/ })
    expect(await changes.getByRole('row', { name: /^compressed/ }).innerText()).to.match(/\+48\.68 MiB/)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save the shown report anonymised' }).click(),
    ])
    const saved = await text(await download.createReadStream())
    expect(saved).to.contain('"cache 1"').and.to.not.contain('compressed')
    expect(server.state.asked, 'no file leaves the browser').to.deep.equal([])
  })

  thorough('shows the tree of RSS where the server has one, and hides it where not', async () => {
    await open({ breakdown: breakdown() })
    await view('All of RSS')
    await page.getByRole('heading', { name: 'Where all of RSS is' }).waitFor()
    await watched.close()
    await server.stop()
    await open({})
    await view('All of RSS')
    expect(await page.getByRole('heading', { name: 'Where all of RSS is' }).isVisible()).to.equal(false)
  })

  it('says what grows, when the limit is reached, and draws it, where the server has a history', async () => {
    await open(grown())
    await view('Growth')
    const growth = page.getByRole('table', { name: 'What grows' })
    expect(await page.locator('.forecast').innerText()).to.match(/^Limit reached in \d.*: RSS 420\.0 MiB of 512\.0 MiB/)
    expect(await page.getByText('Something leaks, in the allocator’s part').count()).to.equal(1)
    const row = (name: string): Locator =>
      growth.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })
    expect(await row('compressed').innerText()).to.match(/unbounded[^]*MiB\/h|unbounded[^]*KiB\/h/)
    expect(await row('files').innerText()).to.contain('saturating')
    expect(await row('dns').innerText()).to.contain('stable')
    expect(await page.getByText('4 reports, 2 of them of earlier processes').count()).to.equal(1)
  })

  thorough(
    'lists no rows of a history that has no rates yet, but says when it will, and fits the chart without a fault',
    async () => {
      const { trends: known, ...rest } = grown()
      const rateless = { verdict: 'unknown', slope: null, line: null, significance: null, readings: 4 } as const
      if (known == null) throw new Error('no trends')
      const of = known
      const caches = of.caches.map((each) => ({ ...each, trend: { ...each.trend, ...rateless } }))
      await open({ ...rest, trends: { ...of, caches, floor: { ...of.floor, ...rateless }, forecast: null } }, NARROW)
      // Where nothing stands beside the chart, it becomes higher when it is drawn.
      await view('Growth')
      await page.getByText(/^No rate is known yet of \d+ rows\. It takes at least 6 readings/).waitFor()
      const growth = page.getByRole('table', { name: 'What grows' })
      expect(await growth.count()).to.equal(0)
      expect(await page.locator('#problems').isHidden(), 'ResizeObserver loop').to.equal(true)
      await page.getByRole('button', { name: /^Show all/ }).click()
      expect(await growth.getByText('unknown', { exact: true }).count()).to.equal(caches.length + of.owners.length + 1)
    },
  )

  thorough('shows what this process was found to hold, and not what an earlier one was', async () => {
    const { reports = [], ...rest } = grown()
    await open({ ...rest, reports: reports.slice(0, 2) })
    await page.getByText('2 reports, 2 of them of earlier processes').waitFor({ state: 'attached' })
    expect(await page.locator('#caches-summary').innerText()).to.contain('none measured yet')
  })

  thorough('has no section on growth without a history', async () => {
    await open(measured())
    await view('Growth')
    expect(await page.getByRole('heading', { name: 'What grows' }).isVisible()).to.equal(false)
  })

  it('measures all threads where there are workers, and names those that were not measured', async () => {
    await open({})
    const tab = page.getByRole('tab', { name: 'Threads' })
    expect(await tab.count(), 'a tab without workers').to.equal(0)
    server.state.status = several()
    await page.reload()
    await tab.click()
    await page.getByRole('button', { name: 'Measure all threads' }).click()
    const threads = page.getByRole('table', { name: /^Each thread/ })
    await threads.waitFor()
    expect(await page.locator('#threads > p').innerText()).to.match(
      /^Caches of 4 threads of process 4121, RSS 328\.0 MiB/,
    )
    const caches = await page.getByRole('table', { name: /^Each cache, over the threads/ }).innerText()
    expect(caches).to.match(/compressed\s+3\s+66\.00 MiB[^]*5\.00 MiB worker 1\s+48\.68 MiB main thread/)
    expect(caches).to.contain('parsed <b>')
    expect(await threads.innerText()).to.match(/main thread\s+21\.00 MiB\s+34\.00 MiB\s+measured\s+48\.68 MiB/)
    expect(await threads.getByRole('row', { name: /worker 2/ }).innerText()).to.contain('without coordinator')
    const notes = await page.getByRole('list', { name: 'Threads that were not measured' }).innerText()
    expect(notes).to.match(/^worker 3 failed: ERR_THREAD_SILENT/)
    expect(server.state.asked).to.deep.equal(['POST threads'])
  })

  thorough('measures all processes of a cluster, and names one that is far from the others', async () => {
    await open({ status: several() })
    await view('Processes')
    await page.getByRole('button', { name: 'Measure all processes' }).click()
    const processes = page.getByRole('table', { name: /^Each process/ })
    expect(await processes.innerText()).to.match(/process 4131\s+120\.0 MiB\s+40\.00 MiB/)
    expect(await processes.getByRole('row').count(), 'one that was not measured is no row').to.equal(4)
    const words = await page.locator('#cluster').innerText()
    expect(words).to.match(/<script>alert\(1\)<\/script>: process 4131 holds 40\.00 MiB, 4\.4 × the median/)
    expect(words).to.match(/process 4132 unreachable: ERR_FLEET_NO_ENDPOINT/)
  })

  thorough('says why threads cannot be measured, and can be used afterwards', async () => {
    const busy = { status: 409, problem: { code: 'ERR_RUN_IN_PROGRESS', detail: 'another call is under way' } }
    await open({ status: several(), failures: new Map([['POST threads', busy]]) }, {}, FAILED_ANSWER)
    await view('Threads')
    await page.getByRole('button', { name: 'Measure all threads' }).click()
    expect(await page.getByRole('alert').innerText()).to.contain('ERR_RUN_IN_PROGRESS')
    server.state.failures.clear()
    await page.getByRole('button', { name: 'Measure all threads' }).click()
    await page.getByRole('table', { name: /^Each thread/ }).waitFor()
    expect(await page.getByRole('alert').count()).to.equal(0)
  })

  thorough('counts objects by class', async () => {
    await open({ histogram: histogram() })
    await view('JS heap')
    await page.getByRole('button', { name: 'Count objects by class' }).click()
    const classes = page.getByRole('table', { name: 'JS heap by class' })
    await classes.waitFor()
    expect(await classes.innerText()).to.match(/Document[^]*26\.51 MiB[^]*20,000[^]*strings\s+of no class[^]*8\.97 MiB/)
    expect(await classes.getByRole('rowheader', { name: HOSTILE }).count()).to.equal(1)
  })

  thorough('downloads a snapshot, once it is said what is in it', async () => {
    await open({ histogram: histogram() })
    await view('JS heap')
    await page.getByRole('button', { name: 'Download a snapshot …' }).click()
    expect(await page.getByRole('dialog').innerText()).to.contain('every string of the process')
    expect(server.state.asked).to.deep.equal([])
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Take and download' }).click(),
    ])
    expect(download.suggestedFilename()).to.match(/^heap-4121-.*\.heapsnapshot$/)
    expect(server.state.asked).to.deep.equal(['POST heap-snapshot'])
  })

  thorough('says why there is no snapshot', async () => {
    const failure = { status: 422, problem: { code: 'ERR_TWIN_UNSUPPORTED', detail: 'no twin here' } }
    await open({ failures: new Map([['POST heap-snapshot', failure]]) }, {}, FAILED_ANSWER)
    await view('JS heap')
    await page.getByRole('button', { name: 'Count objects by class' }).click()
    expect(await page.getByRole('alert').innerText()).to.contain('ERR_TWIN_UNSUPPORTED')
  })

  thorough('asks for several twins, and for a trim at random', async () => {
    await open({})
    await page.getByText('Options', { exact: true }).click()
    await page.getByLabel('Twins').fill('3')
    await start().click()
    await reported(1)
    await page.getByRole('radio', { name: 'Trim' }).check()
    await page.getByLabel('Entries to drop').selectOption('random')
    await page.getByRole('button', { name: /^Trim \d/ }).click()
    await page.getByRole('button', { name: 'Drop and measure' }).click()
    await reported(2)
    expect(server.state.asked).to.deep.equal([
      'POST attribution {"mode":"twin","twins":3}',
      'POST attribution {"mode":"trim","fraction":0.05,"choice":"random"}',
    ])
  })

  thorough('says what to do where there is nothing', async () => {
    await open({ caches: [] })
    expect(await page.locator('#caches').innerText()).to.contain('No cache is registered yet')
    await view('Growth')
    expect(await page.locator('#history').innerText()).to.contain('No report yet')
    expect(await page.locator('#start').isVisible()).to.equal(false)
  })

  thorough('has no figure of caches where there was none to measure', async () => {
    await open({ caches: [], reports: [reportOf({ id: 'last', views: [] })] })
    const titles = page.locator('#totals dt')
    await titles.first().waitFor()
    expect(await titles.allInnerTexts()).to.deep.equal(['Floor', 'Longest pause'])
  })

  thorough('says why there is no twin, and offers what is left', async () => {
    const status = { ...statusView(), twin: { supported: false, reason: 'this is darwin' } }
    await open({ status })
    await page.getByText('No twin is available here: this is darwin.').first().waitFor()
    expect(await page.getByRole('radio', { name: 'Twin' }).isDisabled()).to.equal(true)
    expect(await page.getByRole('radio', { name: 'Release' }).isChecked()).to.equal(true)
    expect(await page.locator('#discover').isDisabled()).to.equal(true)
    expect(await page.locator('#find-out').isDisabled()).to.equal(true)
  })

  it('lets a reader read only', async () => {
    await open({ status: { ...statusView(), role: 'read-only' } })
    await page.getByText('Only an operator may measure').first().waitFor()
    expect(await page.locator('#start').isDisabled()).to.equal(true)
  })

  thorough('shows a run that somebody else started, until it is over', async () => {
    const run = { id: 'x', mode: 'trim' as const, startedAt: new Date().toISOString() }
    await open({ status: { ...statusView(), run } })
    await page.getByText('Started elsewhere: trimming').waitFor()
    server.state.reports.push(reportOf({ id: 'theirs' }))
    server.state.status = statusView()
    await rowOf('compressed').getByText('48.68 MiB').waitFor({ timeout: 15_000 })
  })

  for (const [status, words] of [
    [401, 'the browser asks for the token'],
    [403, 'ask its operator'],
    [409, 'Wait for its end'],
    [429, 'Possible again in 24 s'],
  ] as const) {
    thorough(`says what a ${String(status)} means, and can be used afterwards`, async () => {
      const failure = { status, headers: { 'retry-after': '24' }, problem: { runId: 'abc' } }
      await open({ failures: new Map([['POST attribution', failure]]) }, {}, FAILED_ANSWER)
      await start().click()
      const alert = page.getByRole('alert')
      await alert.getByText(words).waitFor()
      await alert.getByRole('button', { name: /Dismiss/ }).click()
      await alert.waitFor({ state: 'detached' })
      server.state.failures.clear()
      await start().click()
      await reported(1)
    })
  }

  thorough('says so when the server goes away in the middle of a run, and finds it again', async () => {
    await open({ holdsAfter: 2 }, {}, FAILED_ANSWER)
    await start().click()
    await page.getByText('Measuring in a twin: 2 of 7').waitFor()
    await server.stop()
    await page.getByText('The connection ended in the middle of a run.').waitFor()
    await page.getByText('no answer').waitFor({ timeout: 15_000 })
    server.state.status = { ...statusView(), process: { ...statusView().process, pid: 9, uptimeSeconds: 1 } }
    await server.start()
    await page.getByText('The process was restarted').waitFor({ timeout: 40_000 })
    await page.getByText('pid 9').waitFor()
    expect(await page.locator('#connection').innerText()).to.equal('live')
  })

  thorough('says so when the stream is cut before the report', async () => {
    await open({ cutsAfter: 2 }, {}, /Failed to load resource|ERR_INCOMPLETE_CHUNKED/)
    await start().click()
    await page
      .getByRole('alert')
      .getByText(/The connection ended/)
      .waitFor()
    await start().waitFor()
  })

  it('shows names as text, whatever they are', async () => {
    const names = [HOSTILE, '😀'.repeat(2500), '"><img src=x onerror=alert(1)>', 'a\nb\u202Ec']
    await open({ caches: names.map(unknownCacheView), sample: sampleWithoutAllocator() }, NARROW)
    expect(await page.getByRole('rowheader', { name: HOSTILE }).innerText()).to.equal(HOSTILE)
    expect(await page.locator('#cache-table script, #cache-table img').count()).to.equal(0)
    await page.getByRole('button', { name: `Details of ${HOSTILE}` }).click()
    await start().click()
    await reported(1)
    expect(await widthBeyond(page)).to.equal(0)
  })

  thorough('copes with a thousand caches', async () => {
    await open({ caches: manyCacheViews(1000), rowDelayMs: 0 })
    await page.getByRole('button', { name: 'Show all 1000 (950 more)' }).click()
    await page.locator('#caches-body > tr').nth(999).waitFor()
    await page.getByLabel('Find').fill('0999')
    await page.locator('#caches-body > tr').nth(1).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Measure all 1,000 caches in a twin' }).click()
    await reported(1)
  })

  it('does not scroll sideways at 400 pixels in any view, with everything unfolded', async () => {
    await open({ ...grown(), discovery: discovery(), histogram: histogram() }, NARROW)
    await throughViews(async (name) => {
      expect(await widthBeyond(page), name).to.equal(0)
    })
  })

  thorough('follows the system’s colours, and the reader’s', async () => {
    await open({}, { colorScheme: 'dark' })
    const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(await ground()).to.equal('rgb(14, 19, 25)')
    const toggle = page.getByRole('button', { name: /^Theme/ })
    await toggle.click()
    expect(await ground()).to.equal('rgb(245, 246, 248)')
    await page.reload()
    expect(await toggle.innerText()).to.equal('Theme: light')
    await toggle.click()
    expect(await ground()).to.equal('rgb(14, 19, 25)')
  })

  thorough('does not move for who wants it still', async () => {
    await open({}, { reducedMotion: 'reduce' })
    expect(
      await page.evaluate("getComputedStyle(document.querySelector('button.primary')).transitionDuration"),
    ).to.equal('0s')
  })

  const askForRelease = async (): Promise<void> => {
    await page.getByRole('radio', { name: 'Release' }).check()
    await page.getByRole('button', { name: /^Release \d/ }).click()
    await page.getByRole('dialog').waitFor()
  }

  it('has no violation of accessibility with all caches and the question before a release, in light', async () => {
    await open(grown(), { colorScheme: 'light' })
    await page.locator('#caches').getByRole('button', { name: 'Details of files' }).click()
    await askForRelease()
    expect(await axeViolations(page)).to.deep.equal([])
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    thorough(`has no violation of accessibility in any view, in ${colorScheme}`, async () => {
      await open({ ...grown(), discovery: discovery(), histogram: histogram() }, { colorScheme })
      await throughViews(async (name) => {
        // The rest of the page is the same in each of them.
        const part = name === 'Caches' ? 'html' : '[role=tabpanel]:not([hidden])'
        expect(await axeViolations(page, part), name).to.deep.equal([])
      })
      await view('Caches')
      await askForRelease()
      expect(await axeViolations(page), 'with the dialog').to.deep.equal([])
    })

    // Of a dark page, whose elements are the same in other colours, the contrast is judged where a run and a problem are shown.
    const inOtherState = colorScheme === 'dark' ? it : thorough
    inOtherState(`has none while it runs, nor beside a problem, at 400 pixels in ${colorScheme}`, async () => {
      const failure = { status: 429, problem: { code: 'ERR_RUN_IN_PROGRESS', detail: 'x' } }
      await open(
        { failures: new Map([['POST attribution', failure]]), holdsAfter: 2 },
        { ...NARROW, colorScheme },
        FAILED_ANSWER,
      )
      await start().click()
      await page.getByRole('alert').waitFor()
      server.state.failures.clear()
      expect(await axeViolations(page), 'beside a problem').to.deep.equal([])
      await start().click()
      await page.getByText('Measuring in a twin: 2 of 7').waitFor()
      expect(await axeViolations(page), 'while it runs').to.deep.equal([])
      server.goOn()
    })
  }
})

/** Of a primary of a cluster that has worker threads, too. */
function several(): StatusView {
  const status = statusView()
  return { ...status, process: { ...status.process, workerThreads: 3, clusterWorkers: 3 } }
}

/** The findings of a report, as a cache's own view has them. */
function measuredView(name: string, report: AttributionReport | undefined): Pick<CacheView, 'lastMeasured'> {
  const row = report?.caches.find((candidate) => candidate.name === name)
  if (row === undefined) throw new Error(`no row of ${name}`)
  const { released, uncertaintyBytes } = row
  return { lastMeasured: { ...released, uncertaintyBytes, reportId: 'last', measuredAt: new Date().toISOString() } }
}

/** By how many pixels the document is wider than the window. */
function widthBeyond(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
