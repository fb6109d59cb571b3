/** The fate of the caches that register themselves. */
import { expect } from 'chai'
import { supportsTwin } from '../../src/twin/index.js'
import { runFixture } from '../helpers/child.js'
import { thorough } from '../helpers/thorough.js'
import { AUTO } from './programs.js'

function found<T>(
  scenario: string,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<T> {
  return runFixture('auto/fixtures/found', {
    args: [scenario],
    execArgv: [...flags, '--import', AUTO],
    env: { CACHE_ATTRIBUTION_AUTO_PID: undefined, CACHE_ATTRIBUTION_QUIET: '1', ...env },
    timeoutMs: 50_000,
  })
}

interface Rows {
  readonly caches: readonly { status: string; instances: number; entriesBefore: number; bytes: number }[]
  readonly entries: number
  readonly owners: readonly { cache: string; className: string; instances: number; share: number }[]
}

describe('caches that register themselves', function () {
  this.timeout(60_000)

  it('of one place are one row with their number, in a run and in a discovery, and keep every entry', async function () {
    if (!supportsTwin().supported) this.skip()
    const { caches, entries, owners } = await found<Rows>('thousand')
    expect(caches).to.have.length(1)
    const [row] = caches
    expect(row).to.include({ status: 'released', instances: 1000, entriesBefore: 1000 })
    // An array of 125 doubles takes 1,016 bytes and its object; lru-cache's own lists stay.
    expect(row?.bytes).to.be.within(900_000, 1_600_000)
    expect(entries).to.equal(1000)
    // Each is smaller than what a row begins with. The row has besides what the run noted of each cache, some 400 bytes of 3,000,
    // and what V8 drops meanwhile makes the growth up to a tenth too small. Half of them, or each twice, is far outside.
    expect(owners).to.have.length(1)
    expect(owners[0]).to.include({ cache: 'LRUCache', className: 'LRUCache', instances: 1000 })
    expect(owners[0]?.share).to.be.within(0.9, 1.35)
  })

  it('are not released in the live process, not even by name', async () => {
    expect(await found('live')).to.deep.equal({ modes: [['ERR_RELEASE_LIVE'], ['ERR_RELEASE_LIVE']], entries: 5 })
  })

  it('are released in the live process where the environment allows it', async () => {
    const { modes, entries } = await found<{ modes: string[][]; entries: number }>('live', {
      CACHE_ATTRIBUTION_ALLOW_RELEASE: '1',
    })
    expect(modes[0]).to.deep.equal(['released'])
    expect(entries).to.equal(0)
  })

  it('are unregistered when they were collected', async () => {
    expect(await found('collected')).to.deep.equal({ before: 1, after: 0 })
  })

  it('leave out what somebody registered, for as long as it is', async () => {
    expect(await found('explicit')).to.deep.equal({ before: [7], during: [4, 3], after: [7], names: ['one', 'two'] })
  })

  it('leave out what must not be emptied, and take the others of its place', async () => {
    expect(await found('refused')).to.deep.equal({ none: [], some: ['Keyv'], instances: [1] })
  })

  thorough('say so where more of a class were created than are followed', async function () {
    if (!supportsTwin().supported) this.skip()
    const { instances, warnings } = await found<{ instances: number[]; warnings: string[] }>('many')
    expect(instances).to.have.length(2)
    const [small = 0, loaders = 0] = instances
    expect(small).to.be.within(1280, 19_999)
    // Made for requests, as far as is known.
    expect(loaders).to.be.within(66, 400)
    for (const [followed, label] of [
      [small, 'flru'],
      [loaders, 'DataLoader'],
    ] as const) {
      const missed = (20_000 - followed).toLocaleString('en')
      expect(warnings).to.include(
        `WARN_AUTO_NOT_FOLLOWED: ${missed} instances of ${label} were not followed, since too many are created: what of them still lives is in no row`,
      )
    }
  })

  thorough(
    'are followed as others are where instances of a class that is made for requests prove to stay',
    async function () {
      if (!supportsTwin().supported) this.skip()
      const { first, later } = await found<{ first: number; later: number }>('stay')
      expect(first).to.be.within(66, 100)
      // At two hundred a second, and not at five.
      expect(later).to.be.at.least(first + 80)
    },
  )

  thorough('are followed in part where most of their class ended before', async function () {
    if (!supportsTwin().supported) this.skip()
    const { instances, warnings } = await found<{ instances: number[]; warnings: string[] }>('ended')
    // Without what was learned all 400 were.
    expect(instances[0]).to.be.within(1, 100)
    expect(warnings).to.include('WARN_AUTO_NOT_FOLLOWED')
  })

  thorough('are found of several copies of a library, of different versions and module systems', async () => {
    expect(await found('copies')).to.deep.equal({
      names: ['LRUCache', 'LRUCache', 'LRUCache'],
      places: 3,
      isOneClass: false,
    })
  })

  it('are named by their own class', async () => {
    expect(await found('subclass')).to.deep.equal({ names: ['UserCache'], isOwn: true, isInstance: true })
  })

  thorough('are found of a library that was loaded before, where it is required again', async () => {
    const project = JSON.stringify(new URL('../../../package.json', import.meta.url).href)
    const preload = `import { createRequire } from 'node:module'
      globalThis.kept = ['lru-cache', 'lru-cache-7'].map(createRequire(${project}))`
    const before = ['--import', `data:text/javascript,${encodeURIComponent(preload)}`]
    expect(await found('copies', {}, before)).to.deep.include({ places: 3 })
  })

  thorough('are left alone where the environment says so', async () => {
    expect(await found('subclass', { CACHE_ATTRIBUTION_INSTRUMENT: 'keyv' })).to.deep.include({ names: [] })
    expect(await found('subclass', { CACHE_ATTRIBUTION_INSTRUMENT: 'off' })).to.deep.include({ names: [] })
  })
})
