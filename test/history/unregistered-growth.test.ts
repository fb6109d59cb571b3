import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { runCommandLine } from '../helpers/internals/cli.js'
import { runFixture } from '../helpers/child.js'
import type { UnregisteredGrowth } from './fixtures/unregistered-growth.js'

const NAME = 'unregistered-growth.js › held.requestsById'
const STILL = 'unregistered-growth.js › held.routes'
const STEP_BYTES = 600 * 4096

/** One real process for all outputs: what holds in one of them holds in each. */
describe('a Map that nobody registered and that grows', function () {
  this.timeout(300_000)
  let folder: string
  let seen: UnregisteredGrowth

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'unregistered-growth-'))
    seen = await runFixture<UnregisteredGrowth>('history/fixtures/unregistered-growth', {
      args: [path.join(folder, 'history')],
      timeoutMs: 280_000,
    })
  })

  after(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  async function run(...args: readonly string[]): Promise<{ readonly code: unknown; readonly out: string }> {
    let out = ''
    const stdout = (text: string): void => void (out += text)
    const outcome = await runCommandLine({ args, env: {}, cwd: folder, stdout, stderr: stdout })
    return { code: 'code' in outcome ? outcome.code : outcome.signal, out }
  }

  it('is measured in each report, and its growth is told with a rate', () => {
    const sizes = seen.reports.map(({ discovery }) => {
      const owner = discovery?.owners.find(({ path: name }) => name === 'held.requestsById')
      return owner?.retained.totalBytes ?? Number.NaN
    })
    const steps = sizes.slice(1).map((bytes, index) => bytes - (sizes[index] ?? 0))
    for (const step of steps) expect(step / STEP_BYTES).to.be.within(0.95, 1.15)
    const owners = seen.reports.at(-1)?.discovery?.owners ?? []
    const [growing, still] = ['held.requestsById', 'held.routes'].map((name) =>
      owners.find(({ path: each }) => each === name),
    )
    expect(growing?.growth?.verdict).to.be.oneOf(['growing', 'unbounded'])
    expect(growing?.growth?.slope?.lowBytesPerHour).to.be.greaterThan(0)
    expect(still?.growth?.verdict).not.to.be.oneOf(['growing', 'unbounded'])
  })

  it('is told by the report, its headline, the trends, and the endpoint of the page', () => {
    expect(seen.text).to.match(/held\.requestsById.*(?:growing|unbounded) \+/)
    expect(seen.headline).to.match(
      /unregistered-growth\.js › held\.requestsById: Map\([\d,]+\) grows by [\d.,]+ [KMG]iB\/h/,
    )
    for (const { owners } of [seen.trends, seen.served]) {
      const trend = owners.find(({ path: name }) => name === 'held.requestsById')?.trend
      expect(trend?.verdict).to.be.oneOf(['growing', 'unbounded'])
    }
  })

  it('is told by the metrics and the log', () => {
    const label = `{owner="${NAME}"}`
    expect(seen.metrics).to.contain(`cache_attribution_owner_bytes${label} `)
    const rate = new RegExp(`^cache_attribution_owner_growth_bytes_per_second\\{owner="${NAME}"\\} (\\S+)$`, 'm')
    expect(Number(rate.exec(seen.metrics)?.[1])).to.be.greaterThan(1000)
    expect(seen.metrics).to.match(
      new RegExp(`^cache_attribution_owner_trend\\{owner="${NAME}",verdict="(?:growing|unbounded)"\\} 1$`, 'm'),
    )
    const line = JSON.parse(seen.logged.find((each) => each.includes('"owners"')) ?? '{}') as {
      readonly owners: readonly { readonly name: string; readonly bytes: number }[]
      readonly growth: readonly { readonly name: string }[]
    }
    expect(line.owners.find(({ name }) => name === NAME)?.bytes).to.be.greaterThan(8 * STEP_BYTES)
    expect(JSON.stringify(line.growth)).to.contain(NAME)
    expect(JSON.stringify(line.growth)).not.to.contain(STILL)
  })

  it('is told by the commands history and diff', async () => {
    const history = await run('history', path.join(folder, 'history'))
    expect(history.code, history.out).to.equal(3)
    expect(history.out).to.match(new RegExp(`^${NAME} .*\\+.*iB/h.* (?:growing|unbounded)$`, 'm'))
    const { owners } = JSON.parse((await run('history', '--json', path.join(folder, 'history'))).out) as {
      readonly owners: readonly { readonly path: string; readonly trend: { readonly verdict: string } }[]
    }
    expect(owners.find(({ path: name }) => name === 'held.requestsById')?.trend.verdict).to.be.oneOf([
      'growing',
      'unbounded',
    ])
    for (const [name, report] of [
      ['a.json', seen.reports[0]],
      ['b.json', seen.reports.at(-1)],
    ] as const)
      writeFileSync(path.join(folder, name), JSON.stringify(report))
    const diff = await run('diff', 'a.json', 'b.json')
    expect(diff.out).to.match(/held\.requestsById.*\+1[0-9.]+ MiB/)
  })
})
