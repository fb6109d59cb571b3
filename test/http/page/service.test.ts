import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Browser, Locator, Page } from 'playwright-core'
import { JEMALLOC, needsJemalloc } from '../../helpers/child.js'
import { thoroughSuite } from '../../helpers/thorough.js'
import { axeViolations } from './fixtures/axe.js'
import { sharedChromium, openPage } from './fixtures/chromium.js'
import type { WatchedPage } from './fixtures/chromium.js'

const MIB = 1024 * 1024
const FILES_BYTES = 20 * MIB

/** Of the table as it is drawn, so that no refresh comes between both: the bytes of its rows, and RSS above them. */
const SUM_OF_ROWS = `(() => {
  const bytesIn = (element) => Number(element.title.split(' bytes')[0].replaceAll(',', ''))
  const rows = [...document.querySelectorAll('#holders [data-label="bytes"]')]
  return [rows.reduce((sum, row) => sum + bytesIn(row), 0), bytesIn(document.querySelector('.rss-figure'))]
})()`

/** The service under jemalloc, and requests to it all the while. */
class Service {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  #isOver = false
  #clients: readonly Promise<void>[] = []
  readonly failures: string[] = []
  served = 0
  url = ''

  constructor() {
    const file = fileURLToPath(new URL('fixtures/service.js', import.meta.url))
    const env: NodeJS.ProcessEnv = { ...process.env, LD_PRELOAD: JEMALLOC }
    delete env['MALLOC_CONF']
    delete env['NODE_OPTIONS']
    this.#child = spawn(process.execPath, [file], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  }

  async start(): Promise<void> {
    const [port] = (await once(createInterface({ input: this.#child.stdout }), 'line')) as [string]
    this.url = `http://127.0.0.1:${port}/debug/memory`
    this.#clients = Array.from({ length: 8 }, () => this.#load(`http://127.0.0.1:${port}/work`))
  }

  async #load(address: string): Promise<void> {
    while (!this.#isOver) {
      try {
        const answer = await fetch(address)
        if (!answer.ok) this.failures.push(`HTTP ${String(answer.status)}`)
        await answer.text()
        this.served++
      } catch (error) {
        this.failures.push(String(error))
      }
      await delay(2)
    }
  }

  /** Resolves with the exit code: null where it had to be killed. */
  async stop(): Promise<number | null> {
    this.#isOver = true
    await Promise.all(this.#clients)
    const ended = once(this.#child, 'close')
    this.#child.stdin.end()
    const killer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    const [code] = (await ended) as [number | null]
    clearTimeout(killer)
    return code
  }
}

thoroughSuite('the page over a service with real caches, under load', function () {
  this.timeout(120_000)
  let browser: Browser
  let service: Service
  let watched: WatchedPage
  let page: Page

  before(async function () {
    needsJemalloc(this)
    browser = await sharedChromium(this)
    service = new Service()
    await service.start()
    watched = await openPage(browser, service.url)
    page = watched.page
    await page.locator('.rss-figure').waitFor()
  })
  after(async () => {
    // A resource that `before` did not get to is not there.
    await (watched as WatchedPage | undefined)?.close()
    const code = await (service as Service | undefined)?.stop()
    expect(code, 'the service ends by itself once it is closed').to.equal(0)
  })

  const rowOf = (name: string): Locator =>
    page
      .getByRole('table', { name: 'Caches' })
      .getByRole('row')
      .filter({ has: page.getByRole('rowheader', { name, exact: true }) })
  /** The text of one cell, by what the column is called. */
  const cellOf = (name: string, label: string): Promise<string> =>
    rowOf(name).locator(`[data-label="${label}"]`).innerText()

  it('is sent on to the address with the slash, and shows process and allocator', async () => {
    expect(page.url()).to.equal(`${service.url}/`)
    const facts = await page.getByRole('list', { name: 'Process' }).innerText()
    expect(facts).to.contain('jemalloc 5').and.to.contain(`Node ${process.version}`)
  })

  it('finds out who holds the memory: one table that adds up to RSS, with caches and owners in it', async () => {
    const servedBefore = service.served
    await page.getByRole('button', { name: 'Find out' }).click()
    await page.locator('#progress').waitFor()
    await page.locator('#progress').waitFor({ state: 'hidden', timeout: 60_000 })
    const holders = page.getByRole('table', { name: 'Who holds the memory' })
    await holders.getByRole('row', { name: /forgotten/ }).waitFor()
    const [sum, rss] = await page.evaluate<[number, number]>(SUM_OF_ROWS)
    expect(sum)
      .to.equal(rss)
      .and.to.be.greaterThan(50 * MIB)
    const bytesOf = (name: RegExp): Promise<string> =>
      holders.getByRole('row', { name }).locator('[data-label="bytes"]').innerText()
    expect(await bytesOf(/^cache files/)).to.match(/^(?:19|2[01])\.\d\d MiB$/)
    expect(await bytesOf(/forgotten/)).to.match(/^[56]\.\d\d MiB$/)
    expect(await page.locator('#answer-facts').innerText()).to.match(/Largest holder/)
    expect(await page.locator('#headline').innerText()).to.contain('files')
    await page.getByRole('button', { name: /^Show it: files/ }).click()
    await page.locator('#holders .details').getByText('Claimed').waitFor()
    expect(await page.locator('#holders .details').innerText()).to.match(/Claimed\s+10\.00 MiB: it holds/)
    expect(service.served).to.be.greaterThan(servedBefore)
    expect(service.failures).to.deep.equal([])
  })

  it('measures in a twin while requests are served: rows appear, no entry is lost, no request fails', async () => {
    const servedBefore = service.served
    await page.getByRole('button', { name: 'Measure all 3 caches in a twin' }).click()
    await page.getByRole('progressbar').waitFor()
    await page
      .locator('#history-summary', { hasText: '2 reports kept in memory' })
      .waitFor({ state: 'attached', timeout: 60_000 })
    const [figure = '', unit] = (await cellOf('files', 'measured')).split(' ')
    expect(unit).to.equal('MiB')
    expect(Number(figure) * MIB).to.be.within(0.97 * FILES_BYTES, 1.1 * FILES_BYTES)
    expect(await cellOf('files', '±')).to.match(/^± /)
    expect(await cellOf('files', 'claimed')).to.equal('10.00 MiB')
    expect(await cellOf('files', '÷ claimed')).to.match(/^(?:1\.9|2\.[01])\d ×$/)
    expect(await cellOf('files', 'entries')).to.equal('320')
    expect(await cellOf('documents', 'entries')).to.equal('20,000')
    expect(service.served).to.be.greaterThan(servedBefore)
    expect(service.failures).to.deep.equal([])
  })

  it('shows a cache called <script> as what it is called', async () => {
    const header = page.locator('#caches').getByRole('rowheader', { name: '<script>alert(1)</script>' })
    expect(await header.innerText()).to.equal('<script>alert(1)</script>')
  })

  it('releases one live, once that is confirmed, and its row is measured anew', async () => {
    await page.locator('#caches').getByRole('button', { name: 'Details of documents' }).click()
    await page.locator('#caches').getByRole('button', { name: 'Release this cache …' }).click()
    await page.getByRole('button', { name: 'Release and measure' }).click()
    await page
      .locator('#history-summary', { hasText: '3 reports kept in memory' })
      .waitFor({ state: 'attached', timeout: 30_000 })
    expect(await cellOf('documents', 'measured')).to.match(/MiB$/)
    expect(await rowOf('files').innerText(), 'the other caches keep what was found of them').to.contain('MiB')
  })

  it('finds the owner that nobody registered', async () => {
    await page.getByRole('tab', { name: 'Owners' }).click()
    await page.getByRole('button', { name: 'Find owners' }).click()
    const owners = page.getByRole('table', { name: 'Owners of live memory' })
    await owners.waitFor({ timeout: 60_000 })
    expect(await owners.innerText()).to.match(/service\.js › forgotten[^]*5\.\d+ MiB/)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has no violation of accessibility in ${colorScheme}`, async () => {
      // Colours that are on their way are nobody's.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      expect(await axeViolations(page)).to.deep.equal([])
    })
  }

  it('does not scroll sideways at 400 pixels', async () => {
    await page.setViewportSize({ width: 400, height: 800 })
    await page.getByRole('tab', { name: 'Caches' }).click()
    await rowOf('files').waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).to.equal(
      0,
    )
  })

  it('has complained of nothing, and asked nobody else', () => {
    expect(watched.complaints).to.deep.equal([])
  })
})
