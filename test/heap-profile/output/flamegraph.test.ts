import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { flamegraphPolicy, toFlamegraph, topTable } from '../../../src/heap-profile/index.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'
import { ProfileBuilder } from '../../helpers/internals/heap-profile-profile.js'
import { formatBytes } from '../../helpers/internals/support.js'
import { temporaryFolder } from '../../helpers/profiled.js'
import { launchChromium } from '../../http/page/fixtures/chromium.js'

const HOSTILE = '</script><script>document.title="pwned"</script><img src=x onerror="document.title=1">'

function profileOf(stacks: readonly (readonly [names: readonly string[], bytes: number])[]): HeapProfile {
  const builder = new ProfileBuilder({ source: 'v8', sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] })
  for (const [names, bytes] of stacks) {
    builder.add(
      names.map((name) => builder.named(name)),
      [bytes],
    )
  }
  return builder.build()
}

const PROFILE = profileOf([
  [['readFile', 'load', 'main'], 3_000_000],
  [['parse', 'load', 'main'], 1_000_000],
  [[HOSTILE, 'main'], 500_000],
])

describe('toFlamegraph()', function () {
  this.timeout(60_000)
  const { folder, remove } = temporaryFolder()
  const document = path.join(folder, 'page.html')
  let browser: Browser
  let tab: Page
  const problems: string[] = []

  before(async function () {
    browser = await launchChromium(this)
    // One for all: a page costs a second of a processor.
    tab = await browser.newPage()
    tab.on('console', (message) => problems.push(message.text()))
    tab.on('pageerror', (error) => problems.push(error.message))
    tab.on('request', (request) => {
      if (request.url() !== pathToFileURL(document).href) problems.push(request.url())
    })
  })

  after(async () => {
    await (browser as Browser | undefined)?.close()
    remove()
  })

  async function open(profile: HeapProfile, options: Parameters<typeof toFlamegraph>[1] = {}): Promise<Page> {
    writeFileSync(document, toFlamegraph(profile, options))
    problems.length = 0
    await tab.goto(pathToFileURL(document).href)
    return tab
  }

  const detail = (page: Page): Promise<string> => page.locator('#detail').innerText()

  it('runs under its own policy, loads nothing, and shows what there is in all', async () => {
    const page = await open(PROFILE, { title: HOSTILE })
    expect(await page.locator('#facts').innerText()).to.include('live bytes: 4.29 MiB in all')
    expect(await page.title()).to.equal(HOSTILE)
    expect(await page.locator('h1').innerText()).to.equal(HOSTILE)
    expect(problems).to.deep.equal([])
    expect(flamegraphPolicy()).not.to.include('unsafe')
  })

  it('has beside an amount what it may be off by, as the table has it, in each view', async () => {
    const builder = new ProfileBuilder({
      source: 'jemalloc',
      sampleTypes: [
        { type: 'inuse_objects', unit: 'count' },
        { type: 'inuse_space', unit: 'bytes' },
      ],
      sampleIntervalBytes: 524_288,
    })
    for (const [names, objects, bytes] of [
      [['readFile', 'load', 'main'], 3000, 3_000_000],
      [['parse', 'load', 'main'], 4, 4_000_000],
      [['load', 'other'], 100, 1_000_000],
    ] as const) {
      builder.add(
        names.map((name) => builder.named(name)),
        [objects, bytes],
      )
    }
    const profile = builder.build()
    const row = topTable(profile).rows.find(({ name }) => name === 'load')
    const error = formatBytes(row?.cumulativeUncertainty ?? NaN)
    const page = await open(profile)
    expect(await page.locator('#facts').innerText()).to.match(/7\.63 MiB ± \d[\d.]+ MiB in all/)
    await page.locator('#graph').focus()
    for (const key of ['ArrowDown', 'ArrowDown']) await page.keyboard.press(key)
    expect(await detail(page)).to.match(/^load\s*6\.68 MiB ± \d[\d.]+ MiB \(/)
    await page.locator('#joined').click()
    await page.locator('#graph').focus()
    await page.keyboard.press('ArrowDown')
    expect(await detail(page)).to.include(`7.63 MiB ± ${error} (`)
  })

  it('has the lines of a function with most, over all its calls, with their text where that is given', async () => {
    const builder = new ProfileBuilder({ source: 'jemalloc', sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] })
    const at = (line: number): number => builder.named('load', '/srv/app/load.js', line)
    const main = builder.named('main', '/srv/app/main.js', 7)
    for (const [line, bytes] of [
      [12, 3_000_000],
      [14, 500_000],
      [90, 40_000],
      [91, 10_000],
    ] as const) {
      builder.add([at(line), main], [bytes])
    }
    // Called by itself, a line counts once.
    builder.add([at(12), at(12), main], [1_000_000])
    const asked: string[] = []
    const page = await open(builder.build(), {
      sourceLine: (file, line) => {
        asked.push(`${file}:${String(line)}`)
        return line === 12 ? `  kept.push(Buffer.alloc(n)) // ${HOSTILE}\u0007` : undefined
      },
    })
    await page.locator('#graph').focus()
    await page.keyboard.press('ArrowDown')
    expect(await page.locator('#detail .line').allInnerTexts()).to.deep.equal([
      'line 7 of it: 4.34 MiB (100.0 %) in all its calls',
    ])
    await page.keyboard.press('ArrowDown')
    const lines = await page.locator('#detail .line').allInnerTexts()
    expect(lines[0]).to.match(
      /^line 12 of it: 3\.81 MiB \(87\.9 %\) in all its calls\s*kept\.push\(Buffer\.alloc\(n\)\) \/\/ /,
    )
    expect(lines[0]).to.include(HOSTILE)
    expect(lines.slice(1)).to.deep.equal([
      'line 14 of it: 488.3 KiB (11.0 %) in all its calls',
      'line 90 of it: 39.06 KiB (0.9 %) in all its calls',
    ])
    // In a view that joins calls they are the same.
    await page.locator('#callers').click()
    await page.locator('#graph').focus()
    await page.keyboard.press('ArrowDown')
    expect(await page.locator('#detail .line').first().innerText()).to.include('line 12 of it: 3.81 MiB')
    expect(asked).to.have.members(['/srv/app/main.js:7', ...[12, 14, 90].map((line) => `/srv/app/load.js:${line}`)])
    expect(problems).to.deep.equal([])
    const objects = await open({ ...builder.build(), source: 'v8' })
    await objects.locator('#graph').focus()
    await objects.keyboard.press('ArrowDown')
    expect(await detail(objects)).to.match(/begins in line 7: 4\.34 MiB \(100\.0 %\) in all its calls$/)
  })

  it('is walked through and zoomed into by keyboard', async () => {
    const page = await open(PROFILE)
    await page.focus('#graph')
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key)
    expect(await detail(page)).to.match(/^readFile\s+2\.86 MiB \(66\.7 %\) with what it called, 2\.86 MiB by itself$/)
    await page.keyboard.press('ArrowRight')
    expect(await detail(page)).to.match(/^parse/)
    await page.keyboard.press('Enter')
    expect(await page.locator('#path button').allInnerTexts()).to.deep.equal(['all', 'main', 'load'])
    await page.keyboard.press('Escape')
    expect(await page.locator('#path button').count()).to.equal(0)
  })

  it('zooms by a click, and shows names as text', async () => {
    const page = await open(PROFILE)
    const { width = 0 } = (await page.locator('#canvas').boundingBox()) ?? {}
    await page.locator('#canvas').click({ position: { x: width - 20, y: 50 } })
    expect(await detail(page)).to.include('<img src=x')
    expect(await page.title()).to.equal('Heap profile')
    expect(await page.locator('img').count()).to.equal(0)
    expect(problems).to.deep.equal([])
  })

  it('adds up what a search finds, callers and callees once', async () => {
    const page = await open(PROFILE)
    await page.fill('#query', '/^(load|parse)$/')
    expect(await page.locator('#found').innerText()).to.equal('3.81 MiB (88.9 %) in 2 boxes')
    await page.fill('#query', 'nowhere')
    expect(await page.locator('#found').innerText()).to.equal('nothing found')
    await page.fill('#query', '/[/')
    expect(await page.locator('#found').innerText()).to.equal('not a pattern')
  })

  const RECURSIVE = profileOf([
    [['alloc', 'walk', 'walk', 'main'], 3 * 1024],
    [['alloc', 'walk', 'other', 'main'], 2 * 1024],
    [['alloc', 'main'], 1024],
    [['walk', 'main'], 512],
  ])

  it('shows from who allocated to who called it, with the same amounts', async () => {
    const page = await open(RECURSIVE)
    await page.click('#callers')
    await page.focus('#graph')
    const whole = await detail(page)
    await page.keyboard.press('ArrowDown')
    expect(await detail(page)).to.match(/^alloc\s+6\.00 KiB \(92\.3 %\)/)
    await page.keyboard.press('ArrowDown')
    expect(await detail(page)).to.match(/^walk\s+5\.00 KiB/)
    await page.keyboard.press('ArrowDown')
    expect(await detail(page)).to.match(/^walk\s+3\.00 KiB/)
    await page.click('#callers')
    expect(await detail(page)).to.equal(whole)
    expect(problems).to.deep.equal([])
  })

  it('joins all calls of a function, what they called and who called them; a recursion counts once', async () => {
    const page = await open(RECURSIVE)
    await page.focus('#graph')
    for (const key of ['ArrowDown', 'ArrowDown']) await page.keyboard.press(key)
    expect(await detail(page)).to.match(/^walk\s+3\.50 KiB/)
    await page.click('#joined')
    await page.focus('#graph')
    await page.keyboard.press('ArrowDown')
    expect(await detail(page)).to.match(/^walk\s+5\.50 KiB \(84\.6 %\) with what it called, 512 B by itself/)
    await page.click('#callers')
    await page.focus('#graph')
    for (const key of ['ArrowDown', 'ArrowDown']) await page.keyboard.press(key)
    expect(await detail(page)).to.match(/^main\s+3\.50 KiB/)
    await page.keyboard.press('ArrowRight')
    expect(await detail(page)).to.match(/^other\s+2\.00 KiB/)
    await page.click('#reset')
    expect(await detail(page)).to.match(/^all\s+6\.50 KiB/)
  })

  it('shows a difference with signs', async () => {
    const page = await open(
      profileOf([
        [['grew', 'main'], 2048],
        [['shrank', 'main'], -1024],
      ]),
    )
    expect(await page.locator('#facts').innerText()).to.include('change of live bytes: +1.00 KiB in all')
    const legend = await page.locator('#legend').innerText()
    expect(legend).to.match(/grew \+2\.00 KiB\s*shrank −1\.00 KiB\s*a box is as wide as what changed in it/)
    await page.fill('#query', 'shrank')
    expect(await page.locator('#found').innerText()).to.equal('−1.00 KiB (−33.3 % of all change) in 1 box')
    await page.focus('#graph')
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key)
    expect(await detail(page)).to.match(/^shrank\s+−1\.00 KiB/)
  })
})
