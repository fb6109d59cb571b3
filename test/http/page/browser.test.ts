import { expect } from 'chai'
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core'
import { headline } from '../../../src/report/headline.js'
import { seriousViolations } from './fixtures/axe.js'
import { launchChromium, openPage } from './fixtures/chromium.js'
import type { WatchedPage } from './fixtures/chromium.js'
import {
  breakdown,
  cacheViews,
  discovery,
  histogram,
  manyCacheViews,
  pastReports,
  reportOf,
  sampleWithoutAllocator,
  statusView,
  trends,
  unknownCacheView,
} from './fixtures/fake-data.js'
import { startFakeServer } from './fixtures/fake-server.js'
import type { FakeServer, FakeState } from './fixtures/fake-server.js'

/** What Chromium itself says of an answer with a status of failure, or of none. */
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
    browser = await launchChromium(this)
  })
  after(async () => {
    // Skipped, there is none.
    await (browser as Browser | undefined)?.close()
  })
  afterEach(async () => {
    await watched.close()
    await server.stop()
    expect(watched.complaints).to.deep.equal([])
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
    await page.getByText('resident (RSS)').waitFor()
  }
  const table = (): Locator => page.getByRole('table', { name: 'Caches' })
  const rowOf = (name: string): Locator =>
    table()
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader', { name, exact: true }) })
  const start = (): Locator => page.getByRole('button', { name: /in a twin$/ })
  const measured = (): Partial<FakeState> => ({ reports: [...pastReports(3), reportOf({ id: 'last' })] })
  /** With a history, after a restart: two reports are of the process before. */
  const grown = (): Partial<FakeState> => ({
    status: { ...statusView(), hasHistory: true },
    trends: trends(),
    breakdown: breakdown(),
    reports: [...pastReports(3), reportOf({ id: 'last' })].map((report, index) =>
      index < 2 ? { ...report, process: { ...report.process, pid: 9 } } : report,
    ),
  })

  it('says who is looked at', async () => {
    await open({})
    expect(await page.getByRole('heading', { level: 1 }).innerText()).to.equal('Memory node server.js')
    const facts = await page.getByRole('list', { name: 'Process' }).innerText()
    for (const fact of ['pid 4121', 'Node v20.20.2', 'jemalloc 5.3.0', 'up 3 h 12 min']) expect(facts).to.contain(fact)
  })

  it('is a table by role, with the figures of the report', async () => {
    await open(measured())
    await rowOf('compressed').waitFor()
    expect(await table().getByRole('columnheader').allInnerTexts()).to.include.members(['claimed', 'entries', '±'])
    const cells = await rowOf('compressed').getByRole('cell').allInnerTexts()
    for (const text of ['48.68 MiB', '± 1.10 MiB', '10.74 MiB', '4.53 ×', '4,355', 'measuredjust now']) {
      expect(
        cells.map((cell) => cell.replaceAll(/\s*\n\s*/g, '')),
        text,
      ).to.include(text)
    }
    expect(await rowOf('held by no cache (floor)').innerText()).to.contain('36.90 MiB')
    expect(await rowOf('unattributed').innerText()).to.contain('−204.8 KiB')
    const reported = headline(reportOf({ id: 'last' }))
    expect(reported).not.to.deep.equal([])
    expect(await page.locator('#headline').innerText()).to.equal(reported.join(' '))
  })

  it('shows the largest first, and sorts by what is asked for', async () => {
    await open(measured())
    const names = (): Promise<string[]> => page.locator('#caches-body').getByRole('rowheader').allInnerTexts()
    await rowOf('compressed').waitFor()
    expect((await names())[0]).to.equal('compressed')
    await table().getByRole('button', { name: 'entries' }).click()
    await table().locator('[aria-sort]', { hasText: 'entries' }).waitFor()
    expect((await names())[0]).to.equal('sessions')
  })

  it('fills the rows as the run comes to them, and ends with the report', async () => {
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

  it('aborts a run', async () => {
    await open({ holdsAfter: 1 })
    await start().click()
    const aborted = page.waitForResponse((answer) => answer.request().method() === 'DELETE')
    await page.getByRole('button', { name: 'Abort' }).click()
    await page.getByText('aborting …').first().waitFor()
    await aborted
    expect(server.state.asked.at(-1)).to.equal('DELETE attribution/current')
    server.goOn()
  })

  it('measures the ticked caches only', async () => {
    await open({})
    await page.getByRole('checkbox', { name: 'Tick files' }).check()
    await page.getByRole('checkbox', { name: 'Tick dns' }).check()
    await page.getByRole('button', { name: 'Measure 2 caches in a twin' }).click()
    await page.getByText(/kept in memory/).waitFor()
    expect(server.state.asked).to.deep.equal(['POST attribution {"mode":"twin","only":["files","dns"]}'])
  })

  it('asks before it releases, says what that costs, and lets it be', async () => {
    await open({})
    await page.getByRole('radio', { name: 'Release' }).check()
    await page.getByRole('button', { name: 'Release 5 caches …' }).click()
    const dialog = page.getByRole('dialog', { name: 'Release 5 caches in the live process?' })
    expect(await dialog.innerText()).to.match(/Hit rate: every entry goes[^]*Pauses: the process stands still/)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'hidden' })
    expect(server.state.asked).to.deep.equal([])
  })

  it('trims by the share that is given, once it is confirmed', async () => {
    await open({})
    await page.getByRole('radio', { name: 'Trim' }).check()
    await page.getByText('Options', { exact: true }).click()
    await page.getByLabel(/Share to drop/).fill('10')
    await page.getByRole('button', { name: /^Trim 4 caches/ }).click()
    await page.getByRole('button', { name: 'Drop and measure' }).click()
    await page.getByText(/kept in memory/).waitFor()
    expect(server.state.asked).to.deep.equal(['POST attribution {"mode":"trim","fraction":0.1}'])
  })

  it('releases one cache from its details, after the same question', async () => {
    await open({})
    await page.getByRole('button', { name: 'Details of sessions' }).click()
    await page.getByRole('button', { name: 'Release this cache …' }).click()
    const dialog = page.getByRole('dialog')
    expect(await dialog.innerText()).to.contain('Lost for good, by their registration: sessions.')
    await dialog.getByRole('button', { name: 'Release and measure' }).click()
    await page.getByText(/kept in memory/).waitFor()
    expect(server.state.asked).to.deep.equal(['POST caches/sessions/release'])
  })

  it('works by keyboard alone', async () => {
    await open({ holdsAfter: 2 })
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).to.equal('Skip to the caches')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.value')).to.equal('twin')
    await page.keyboard.press('ArrowRight')
    expect(await page.getByRole('radio', { name: 'Release' }).isChecked()).to.equal(true)
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.getByText('Measuring in a twin: 2 of 7').waitFor()
    expect(await page.evaluate('document.activeElement.textContent'), 'focus while it runs').to.equal('Abort')
    server.goOn()
    await page.locator('#start:focus').waitFor()
  })

  it('keeps the focus while figures change below it', async () => {
    await open(measured())
    await page.getByRole('button', { name: 'Details of files' }).focus()
    await page.keyboard.press('Enter')
    server.state.caches = cacheViews().map((cache) => ({ ...cache, entries: (cache.entries ?? 0) + 1 }))
    await rowOf('files').getByText('6,994').waitFor({ timeout: 15_000 })
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).to.equal('Details of files')
  })

  it('lists owners with their paths, what was measured of them, and the rest', async () => {
    await open({ discovery: discovery() })
    await page.getByRole('button', { name: 'Find owners' }).click()
    const owners = page.getByRole('table', { name: 'Owners of live memory' })
    const row = owners.getByRole('row').filter({ hasText: 'bus._events.config' }).first()
    expect(await row.innerText()).to.match(/29\.56 MiB[^]*29\.60 MiB ± 409\.6 KiB[^]*28\.00 MiB/)
    const text = await owners.innerText()
    expect(text).to.match(/12 smaller owners/)
    expect(text).to.match(/the rest: code, Node itself and what is small/)
    expect(text).to.match(/by the graph alone: it cannot be emptied safely/)
    const notes = await page.getByRole('list', { name: 'Notes' }).innerText()
    expect(notes).to.match(/Owner 1: 2\.00 MiB more came back/)
    expect(notes).to.match(
      /of owner 1, 2\.00 MiB \(×400\) are held by server\.js › byId and server\.js › byName together/,
    )
    const packages = await page.getByRole('table', { name: /^By package/ }).innerText()
    expect(packages).to.match(/Node itself\s+bytecode 22\.89 MiB\s+22\.89 MiB\s+60\.0 %\s+976\.6 KiB\s+4\.00 MiB/)
    expect(packages).to.match(/@scope\/tables-of-every-language/)
  })

  it('draws the history, hides and shows its lines, and shows an older report', async () => {
    await open(measured())
    await page.locator('.chart canvas').waitFor()
    const line = page.getByRole('button', { name: /^files/ })
    await line.click()
    expect(await page.getByRole('button', { name: /^files/ }).getAttribute('aria-pressed')).to.equal('false')
    await page.getByText('All 4 reports as a table').click()
    await page
      .getByRole('button', { name: /^Show the report/ })
      .last()
      .click()
    await page
      .getByText(/measured in a twin 3 h ago|measured in a twin 2 h ago/)
      .first()
      .waitFor()
  })

  it('saves a report as JSON and as text', async () => {
    await open(measured())
    const link = page.getByRole('link', { name: 'Report last as JSON' }).first()
    expect(await link.getAttribute('href')).to.equal(`${server.url}attribution/last`)
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Report last as text' }).first().click()
    expect((await saved).suggestedFilename()).to.equal('report-last.txt')
  })

  it('shows the tree of RSS where the server has one, and hides it where not', async () => {
    await open({ breakdown: breakdown() })
    await page.getByRole('heading', { name: 'Where all of RSS is' }).waitFor()
    await watched.close()
    await server.stop()
    await open({})
    expect(await page.getByRole('heading', { name: 'Where all of RSS is' }).isVisible()).to.equal(false)
  })

  it('says what grows, when the limit is reached, and draws it, where the server has a history', async () => {
    await open(grown())
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

  it('shows what this process was found to hold, and not what an earlier one was', async () => {
    const { reports = [], ...rest } = grown()
    await open({ ...rest, reports: reports.slice(0, 2) })
    await page.getByText('2 reports, 2 of them of earlier processes').waitFor()
    expect(await page.locator('#caches-summary').innerText()).to.contain('none measured yet')
  })

  it('has no section on growth without a history', async () => {
    await open(measured())
    expect(await page.getByRole('heading', { name: 'What grows' }).isVisible()).to.equal(false)
  })

  it('counts objects by class', async () => {
    await open({ histogram: histogram() })
    await page.getByRole('button', { name: 'Count objects by class' }).click()
    const classes = page.getByRole('table', { name: 'JS heap by class' })
    await classes.waitFor()
    expect(await classes.innerText()).to.match(/Document[^]*26\.51 MiB[^]*20,000/)
    expect(await classes.getByRole('rowheader', { name: HOSTILE }).count()).to.equal(1)
  })

  it('downloads a snapshot, once it is said what is in it', async () => {
    await open({ histogram: histogram() })
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

  it('says why there is no snapshot', async () => {
    const failure = { status: 422, problem: { code: 'ERR_TWIN_UNSUPPORTED', detail: 'no twin here' } }
    await open({ failures: new Map([['POST heap-snapshot', failure]]) }, {}, FAILED_ANSWER)
    await page.getByRole('button', { name: 'Count objects by class' }).click()
    expect(await page.getByRole('alert').innerText()).to.contain('ERR_TWIN_UNSUPPORTED')
  })

  it('asks for several twins, and for a trim at random', async () => {
    await open({})
    await page.getByText('Options', { exact: true }).click()
    await page.getByLabel('Twins').fill('3')
    await start().click()
    await page.getByText('1 report kept in memory').waitFor()
    await page.getByRole('radio', { name: 'Trim' }).check()
    await page.getByLabel('Entries to drop').selectOption('random')
    await page.getByRole('button', { name: /^Trim \d/ }).click()
    await page.getByRole('button', { name: 'Drop and measure' }).click()
    await page.getByText('2 reports kept in memory').waitFor()
    expect(server.state.asked).to.deep.equal([
      'POST attribution {"mode":"twin","twins":3}',
      'POST attribution {"mode":"trim","fraction":0.05,"choice":"random"}',
    ])
  })

  it('says what to do where there is nothing', async () => {
    await open({ caches: [] })
    const text = await page.getByRole('main').innerText()
    for (const words of ['No cache is registered yet', 'No report yet']) expect(text).to.contain(words)
    expect(await page.locator('#start').isVisible()).to.equal(false)
  })

  it('says why there is no twin, and offers what is left', async () => {
    const status = { ...statusView(), twin: { supported: false, reason: 'this is darwin' } }
    await open({ status })
    await page.getByText('No twin can be had here: this is darwin.').first().waitFor()
    expect(await page.getByRole('radio', { name: 'Twin' }).isDisabled()).to.equal(true)
    expect(await page.getByRole('radio', { name: 'Release' }).isChecked()).to.equal(true)
    expect(await page.getByRole('button', { name: 'Find owners' }).isDisabled()).to.equal(true)
  })

  it('lets a reader read only', async () => {
    await open({ status: { ...statusView(), role: 'read-only' } })
    await page.getByText('measuring takes the role of an operator').waitFor()
    expect(await page.locator('#start').isDisabled()).to.equal(true)
  })

  it('shows a run that somebody else started, until it is over', async () => {
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
    it(`says what a ${String(status)} means, and can be used afterwards`, async () => {
      const failure = { status, headers: { 'retry-after': '24' }, problem: { runId: 'abc' } }
      await open({ failures: new Map([['POST attribution', failure]]) }, {}, FAILED_ANSWER)
      await start().click()
      const alert = page.getByRole('alert')
      await alert.getByText(words).waitFor()
      await alert.getByRole('button', { name: /Dismiss/ }).click()
      await alert.waitFor({ state: 'detached' })
      server.state.failures.clear()
      await start().click()
      await page.getByText(/kept in memory/).waitFor()
    })
  }

  it('says so when the server goes away in the middle of a run, and finds it again', async () => {
    await open({ holdsAfter: 2 }, {}, FAILED_ANSWER)
    await start().click()
    await page.getByText('Measuring in a twin: 2 of 7').waitFor()
    await server.stop()
    await page.getByText('It broke off in the middle of a run.').waitFor()
    await page.getByText('no answer').waitFor({ timeout: 15_000 })
    server.state.status = { ...statusView(), process: { ...statusView().process, pid: 9, uptimeSeconds: 1 } }
    await server.start()
    await page.getByText('The process was restarted').waitFor({ timeout: 40_000 })
    await page.getByText('pid 9').waitFor()
    expect(await page.locator('#connection').innerText()).to.equal('live')
  })

  it('says so when the stream is cut before the report', async () => {
    await open({ cutsAfter: 2 }, {}, /Failed to load resource|ERR_INCOMPLETE_CHUNKED/)
    await start().click()
    await page
      .getByRole('alert')
      .getByText(/broke off/)
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
    await page.getByText(/kept in memory/).waitFor()
    expect(await widthBeyond(page)).to.equal(0)
  })

  it('copes with a thousand caches', async () => {
    await open({ caches: manyCacheViews(1000), rowDelayMs: 0 })
    await page.getByRole('button', { name: 'Show all 1000 (950 more)' }).click()
    await page.locator('#caches-body > tr').nth(999).waitFor()
    await page.getByLabel('Find').fill('0999')
    await page.locator('#caches-body > tr').nth(1).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Measure all 1,000 caches in a twin' }).click()
    await page.getByText(/kept in memory/).waitFor({ timeout: 40_000 })
  })

  it('does not scroll sideways at 400 pixels, with everything unfolded', async () => {
    await open({ ...grown(), discovery: discovery(), histogram: histogram() }, NARROW)
    await page.getByRole('button', { name: 'Count objects by class' }).click()
    await page.getByRole('table', { name: 'JS heap by class' }).waitFor()
    await page.getByRole('button', { name: 'Find owners' }).click()
    await page.getByRole('table', { name: 'Owners of live memory' }).waitFor()
    await page.getByRole('button', { name: 'Details of files' }).click()
    await page.getByText('All 4 reports as a table').click()
    await page.getByText('Options', { exact: true }).click()
    expect(await widthBeyond(page)).to.equal(0)
  })

  it('follows the system’s colours, and the reader’s', async () => {
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

  it('does not move for who wants it still', async () => {
    await open({}, { reducedMotion: 'reduce' })
    expect(
      await page.evaluate("getComputedStyle(document.querySelector('button.primary')).transitionDuration"),
    ).to.equal('0s')
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has no serious or critical violation of accessibility in ${colorScheme}`, async () => {
      await open({ ...grown(), discovery: discovery(), histogram: histogram() }, { colorScheme })
      await page.getByRole('button', { name: 'Count objects by class' }).click()
      await page.getByRole('table', { name: 'JS heap by class' }).waitFor()
      await page.getByRole('button', { name: 'Find owners' }).click()
      await page.getByRole('table', { name: 'Owners of live memory' }).waitFor()
      await page.getByRole('button', { name: 'Details of files' }).click()
      await page.getByText('All 4 reports as a table').click()
      await page.getByText('Options', { exact: true }).click()
      expect(await seriousViolations(page)).to.deep.equal([])
      await page.getByRole('radio', { name: 'Release' }).check()
      await page.getByRole('button', { name: /^Release \d/ }).click()
      await page.getByRole('dialog').waitFor()
      expect(await seriousViolations(page), 'with the dialog').to.deep.equal([])
    })

    it(`has none while it runs, nor beside a problem, at 400 pixels in ${colorScheme}`, async () => {
      const failure = { status: 429, problem: { code: 'ERR_RUN_IN_PROGRESS', detail: 'x' } }
      await open(
        { failures: new Map([['POST attribution', failure]]), holdsAfter: 2 },
        { ...NARROW, colorScheme },
        FAILED_ANSWER,
      )
      await start().click()
      await page.getByRole('alert').waitFor()
      server.state.failures.clear()
      expect(await seriousViolations(page), 'beside a problem').to.deep.equal([])
      await start().click()
      await page.getByText('Measuring in a twin: 2 of 7').waitFor()
      expect(await seriousViolations(page), 'while it runs').to.deep.equal([])
      server.goOn()
    })
  }
})

/** By how many pixels the document is wider than the window. */
function widthBeyond(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
