/** How an operator opens the page behind `bearerToken()`, with the real handler over a real history. */
import { rmSync, mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import type { Browser } from 'playwright-core'
import { ReportHistory } from '../../../src/history/index.js'
import { bearerToken } from '../../../src/http/index.js'
import { report, row } from '../../report/reports.js'
import { OPERATOR, READER, openSite } from '../site.js'
import type { Site } from '../site.js'
import { sharedChromium, openPage } from './fixtures/chromium.js'
import type { WatchedPage } from './fixtures/chromium.js'

const UNAUTHORISED = /Failed to load resource.*401/

describe('the page behind a token, over a history on disk', function () {
  this.timeout(60_000)
  let browser: Browser
  let site: Site
  let history: ReportHistory
  let watched: WatchedPage | undefined
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sign-in-'))

  before(async function () {
    browser = await sharedChromium(this)
    const earlier = await ReportHistory.open(folder)
    for (let index = 0; index < 3; index++) {
      const past = report([row('users', 1e6)], { id: `past-${String(index)}` })
      await earlier.append({ ...past, process: { ...past.process, pid: 1 }, startedAt: new Date().toISOString() })
    }
    await earlier.close()
    history = await ReportHistory.open(folder)
    const authorize = bearerToken({ operator: OPERATOR, readOnly: READER })
    const profiles = { basePath: '/debug/pprof/heap' }
    site = await openSite({ authorize, history, profiles })
    history.attach(site.coordinator)
  })
  afterEach(async () => {
    const complaints = watched?.complaints
    await watched?.close()
    watched = undefined
    expect(complaints).to.deep.equal([])
  })
  after(async () => {
    await (site as Site | undefined)?.close()
    await (history as ReportHistory | undefined)?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const signIn = async (password: string, ignored: RegExp | null = null): Promise<WatchedPage> => {
    const httpCredentials = { username: 'anybody', password }
    watched = await openPage(browser, `${site.base}/`, { httpCredentials }, ignored)
    return watched
  }

  it('opens with the token as the password that the browser asks for, and measures', async () => {
    const { page } = await signIn(OPERATOR)
    await page.getByText('3 reports, 3 of them of earlier processes').waitFor({ state: 'attached' })
    expect(await page.locator('#caches-summary').innerText()).to.contain('none measured yet')
    await page.getByRole('radio', { name: 'Release' }).check()
    await page.getByRole('button', { name: 'Release all 3 caches …' }).click()
    await page.getByRole('button', { name: 'Release and measure' }).click()
    await page.getByText('4 reports, 3 of them of earlier processes').waitFor({ state: 'attached' })
    await page.getByRole('tab', { name: 'Growth' }).click()
    expect(await page.getByRole('table', { name: 'What grows' }).innerText()).to.contain('users')
  })

  it('links to the profiles that are mounted beside it', async () => {
    const { page } = await signIn(READER)
    const link = page.getByRole('navigation').getByRole('link', { name: 'Flame graph' })
    await link.waitFor()
    const target = new URL((await link.getAttribute('href')) ?? '', page.url())
    expect(target.href).to.equal(`http://127.0.0.1:${String(site.port)}/debug/pprof/heap/flamegraph?seconds=10`)
  })

  it('lets a read-only token look, and offers it nothing else', async () => {
    const { page } = await signIn(READER)
    await page.getByText('you may read only').waitFor()
    for (const id of ['start', 'find-out', 'discover', 'histogram', 'snapshot']) {
      expect(await page.locator(`#${id}`).isDisabled(), id).to.equal(true)
    }
  })

  for (const [title, password] of [
    ['a wrong token', 'wrong-token-0123456789'],
    ['no token', ''],
  ] as const) {
    it(`tells who comes with ${title} what to do, and nothing of the process`, async () => {
      const { page } = await signIn(password, UNAUTHORISED)
      const words = await page.locator('body').innerText()
      expect(words).to.contain('any user name, and the token as the password')
      expect(words).to.not.contain(String(process.pid))
    })
  }
})
