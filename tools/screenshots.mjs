// Takes a picture of every view of the admin page, to be looked at: of a fake server's figures, in Chromium.
//
//   npm run build:ts && node tools/screenshots.mjs [folder [view …]]        default folder: .cache/screenshots
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import { launchChromium, openPage } from '../dist/test/http/page/fixtures/chromium.js'
import * as data from '../dist/test/http/page/fixtures/fake-data.js'
import { startFakeServer } from '../dist/test/http/page/fixtures/fake-server.js'

const folder = process.argv[2] ?? path.join('.cache', 'screenshots')
await mkdir(folder, { recursive: true })
const browser = await launchChromium()

/**
 * @typedef {object} View
 * @property {string} name
 * @property {() => object} [state] what the server answers with
 * @property {import('playwright-core').BrowserContextOptions} [context]
 * @property {(page: import('playwright-core').Page, server: import('../dist/test/http/page/fixtures/fake-server.js').FakeServer) => Promise<void>} [act]
 * @property {boolean} [isViewportOnly]
 */

const narrow = { viewport: { width: 400, height: 860 } }
const dark = { colorScheme: /** @type {const} */ ('dark') }
/** For the documents: what fits on one screen, small enough to be kept with them. */
const wide = { viewport: { width: 1180, height: 1220 } }
const measured = () => ({ reports: [...data.pastReports(7), data.reportOf({ id: '1b671a64-last' })] })

/** @type {View[]} */
const VIEWS = [
  { name: 'empty', state: () => ({ caches: [] }) },
  { name: 'before-first-run' },
  { name: 'measured', state: measured, act: openDetails },
  { name: 'dark', state: measured, context: dark },
  { name: 'running', state: () => ({ holdsAfter: 3 }), act: startRun },
  { name: 'running-dark', state: () => ({ holdsAfter: 3 }), context: dark, act: startRun },
  { name: 'dialog', state: measured, act: openDialog, isViewportOnly: true },
  {
    name: 'dialog-narrow-dark',
    state: measured,
    act: openDialog,
    isViewportOnly: true,
    context: { ...narrow, ...dark },
  },
  {
    name: 'discover',
    state: () => ({ ...measured(), discovery: data.discovery(), breakdown: data.breakdown() }),
    act: discover,
  },
  { name: 'history', state: measured, act: openReports },
  { name: 'narrow', state: () => ({ ...measured(), discovery: data.discovery() }), context: narrow, act: discover },
  { name: 'narrow-dark-running', state: () => ({ holdsAfter: 3 }), context: { ...narrow, ...dark }, act: startRun },
  { name: 'error', state: () => ({ failures: new Map([['POST attribution', COOL_DOWN]]) }), act: startRun },
  { name: 'lost', state: measured, act: lose },
  { name: 'thousand', state: () => ({ caches: data.manyCacheViews(1000) }), isViewportOnly: true },
  { name: 'read-only', state: readOnly },
  {
    name: 'docs-page',
    state: () => ({ ...measured(), breakdown: data.breakdown() }),
    context: wide,
    isViewportOnly: true,
  },
  {
    name: 'docs-running-narrow',
    state: () => ({ holdsAfter: 4 }),
    context: { ...narrow, ...dark },
    act: startRunAndLook,
    isViewportOnly: true,
  },
  { name: 'growth', state: grown },
  { name: 'growth-dark', state: grown, context: dark },
  { name: 'growth-narrow', state: grown, context: { ...narrow, ...dark } },
  { name: 'trim-options', state: measured, act: openTrimOptions, context: wide, isViewportOnly: true },
  { name: 'heap', state: () => ({ histogram: data.histogram() }), act: countClasses },
  { name: 'heap-narrow', state: () => ({ histogram: data.histogram() }), act: countClasses, context: narrow },
  { name: 'threads', state: several, act: measureThreads },
  { name: 'threads-narrow', state: several, act: measureThreads, context: { viewport: { width: 390, height: 860 } } },
  { name: 'processes', state: several, act: measureProcesses, context: dark },
  { name: 'processes-narrow', state: several, act: measureProcesses, context: narrow },
  { name: 'hostile', state: () => ({ caches: hostile(), sample: data.sampleWithoutAllocator() }) },
]
const COOL_DOWN = {
  status: 429,
  headers: { 'retry-after': '24' },
  problem: { title: 'Too Many Requests', detail: 'the last releasing run ended 6 s ago', code: 'ERR_RUN_IN_PROGRESS' },
}

const wanted = process.argv.slice(3)
for (const view of VIEWS) if (wanted.length === 0 || wanted.includes(view.name)) await take(view)
await browser.close()

/** @param {View} view */
async function take({ name, state, context, act, isViewportOnly }) {
  const server = await startFakeServer(state?.() ?? {})
  const { page, complaints, close } = await openPage(browser, server.url, context)
  await page.locator('#rss .rss-figure').waitFor()
  await act?.(page, server)
  await page.waitForTimeout(400)
  const picture = await page.screenshot({ fullPage: isViewportOnly !== true })
  const file = path.join(folder, `${name}.png`)
  // Those for the documents in few colours: they are kept in the repository.
  if (name.startsWith('docs-')) await sharp(picture).png({ palette: true, colours: 96, effort: 10 }).toFile(file)
  else await writeFile(file, picture)
  if (complaints.length > 0) console.log(name, complaints)
  await close()
  await server.stop()
}

/** @param {import('playwright-core').Page} page */
async function openDetails(page) {
  await page.getByRole('button', { name: 'Details of compressed' }).click()
}

/** @param {import('playwright-core').Page} page */
async function startRun(page) {
  await page.getByRole('button', { name: /^Measure/ }).click()
}

/** @param {import('playwright-core').Page} page */
async function startRunAndLook(page) {
  await startRun(page)
  await page.getByText('4 of 7').waitFor()
  await page.locator('#caches').evaluate((section) => section.scrollIntoView())
}

/** @param {import('playwright-core').Page} page */
async function openDialog(page) {
  await page.getByRole('radio', { name: 'Release' }).check()
  await page.getByRole('button', { name: /^Release \d/ }).click()
}

/** @param {import('playwright-core').Page} page */
async function discover(page) {
  await openTab(page, 'Owners and packages')
  await page.getByRole('button', { name: 'Find owners' }).click()
}

/** @param {import('playwright-core').Page} page @param {string} name */
async function openTab(page, name) {
  await page.getByRole('tab', { name }).click()
}

/** @param {import('playwright-core').Page} page */
async function openReports(page) {
  await openTab(page, 'Growth and history')
  await page.getByText(/reports as a table/).click()
}

/** @param {import('playwright-core').Page} page @param {{ stop(): Promise<void> }} server */
async function lose(page, server) {
  await server.stop()
  await page.getByText('The server does not answer').waitFor({ timeout: 20_000 })
}

/** After a restart: the first half of the reports is of an earlier process. */
function grown() {
  const reports = [...data.pastReports(24), data.reportOf({ id: '1b671a64-last' })].map((report, index) =>
    index < 12 ? { ...report, process: { ...report.process, pid: 3977 } } : report,
  )
  return {
    status: { ...data.statusView(), hasHistory: true },
    reports,
    trends: data.trends(),
    breakdown: data.breakdown(),
  }
}

/** @param {import('playwright-core').Page} page */
async function openTrimOptions(page) {
  await page.getByRole('radio', { name: 'Trim' }).check()
  await page.getByText('Options').click()
}

/** @param {import('playwright-core').Page} page */
async function countClasses(page) {
  await openTab(page, 'JS heap by class')
  await page.getByRole('button', { name: 'Count objects by class' }).click()
  await page.getByRole('table', { name: 'JS heap by class' }).waitFor()
}

function several() {
  const status = data.statusView()
  return { ...measured(), status: { ...status, process: { ...status.process, workerThreads: 3, clusterWorkers: 3 } } }
}

/** @param {import('playwright-core').Page} page */
async function measureThreads(page) {
  await openTab(page, 'Threads')
  await page.getByRole('button', { name: 'Measure all threads' }).click()
  await page.getByRole('table', { name: /^Each thread/ }).waitFor()
}

/** @param {import('playwright-core').Page} page */
async function measureProcesses(page) {
  await openTab(page, 'Processes')
  await page.getByRole('button', { name: 'Measure all processes' }).click()
  await page.getByRole('table', { name: /^Each process/ }).waitFor()
}

function readOnly() {
  const status = data.statusView()
  return {
    status: {
      ...status,
      role: 'read-only',
      twin: { supported: false, reason: 'no twin can be made on darwin' },
      links: [{ title: 'Heap profiles', href: '../pprof/' }],
    },
  }
}

function hostile() {
  return [
    ...data.cacheViews().slice(0, 2),
    data.unknownCacheView('<script>alert(1)</script>'),
    data.unknownCacheView('😀'.repeat(2500)),
    data.unknownCacheView('line\nbreak \u202Eesrever'),
  ]
}
