/** Instances of the real packages register themselves, by the line that made them; better-sqlite3 in tools/setups/better-sqlite3.mjs. */
import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'
import type { LibrariesResult } from './fixtures/libraries.js'
import { AUTO } from './programs.js'

const LABELS = [
  ...[
    'LRUCache',
    'LRUCache',
    'QuickLRU',
    'QuickLRU',
    'lru',
    'LRU',
    'TTLCache',
    'flru',
    'LRUMapWithDelete',
    'NodeCache',
  ],
  ...['Keyv', 'Cacheable', 'CacheableMemory', 'createCache', 'DataLoader', 'memoize', 'pMemoize', 'InMemoryLRUCache'],
  'operations',
]

for (const system of ['import', 'require']) {
  describe(`caches of the known libraries, loaded by ${system}`, function () {
    this.timeout(60_000)
    let result: LibrariesResult
    before(async () => {
      result = await runFixture('auto/fixtures/libraries', {
        args: [system],
        execArgv: ['--import', AUTO],
        timeoutMs: 50_000,
        // Where coverage is taken, Node keeps source maps, and places are named by them.
        env: { NODE_V8_COVERAGE: undefined },
      })
    })

    it('register themselves, each once', () => {
      expect(result.names.map((name) => name.split(' ').at(-1))).to.have.members(LABELS)
    })

    it('are named by the file and line of their creation, each by another', () => {
      const places = result.names.filter((name) => !name.startsWith('sharp ')).map((name) => name.split(' ')[0])
      for (const place of places) expect(place).to.match(/^dist\/test\/auto\/fixtures\/libraries\.js:\d+$/)
      expect(new Set(places).size).to.equal(places.length)
    })

    it('are named by the package where the package is the cache', () => {
      expect(result.names).to.include('sharp operations')
    })

    it('are instances of the class that was imported', () => {
      const { isInstance } = result
      for (const name of ['lru-cache-7', 'quick-lru', 'node-cache', 'dataloader']) {
        expect(isInstance[name], name).to.equal(true)
      }
    })
  })
}

describe('the place of a cache', function () {
  this.timeout(60_000)

  it('is the line of its source, where Node has source maps', async () => {
    const { names } = await runFixture<LibrariesResult>('auto/fixtures/libraries', {
      args: ['import'],
      execArgv: ['--enable-source-maps', '--import', AUTO],
      timeoutMs: 50_000,
    })
    const places = names.filter((name) => !name.startsWith('sharp ')).map((name) => name.split(' ')[0])
    for (const place of places) expect(place).to.match(/^test\/auto\/fixtures\/libraries\.ts:\d+$/)
    expect(new Set(places).size).to.equal(places.length)
  })
})
