/** Of a framework only the file of its cache class is a cache's code: its other files are the places that make one. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { ExportWrapper, LIBRARIES, exportsOf, hiderOf, isCacheCode } from '../helpers/internals/auto.js'
import { ADAPTER_TABLE } from '../helpers/internals/adapters.js'

/** Caches that an adapter knows and auto does not: Node's own, the user's own, and parts of what it does know. */
const NOT_BY_AUTO = ['@apollo/server', 'Map', 'Set', 'anything', 'node:sqlite', 'ocache', 'undici']

describe('the code of a cache', () => {
  const base = mkdtempSync(path.join(os.tmpdir(), 'cache-code-'))
  after(() => {
    rmSync(base, { recursive: true })
  })
  const file = (name: string, below: string): string => {
    const folder = path.join(base, 'node_modules', name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name }))
    return path.join(folder, below)
  }

  it('is every file of a cache library, and of Next.js that of its LRUCache', () => {
    expect(isCacheCode(file('lru-cache', 'dist/index.js'))).to.equal(true)
    expect(isCacheCode(file('lodash', 'map.js'))).to.equal(true)
    expect(isCacheCode(file('next', 'dist/server/lib/lru-cache.js'))).to.equal(true)
    expect(isCacheCode(file('next', 'dist/server/lib/incremental-cache/memory-cache.external.js'))).to.equal(false)
    expect(isCacheCode(file('express', 'index.js'))).to.equal(false)
  })

  it('is known of every library that has an adapter, or left out for a reason, and the guide lists it', () => {
    const names = ADAPTER_TABLE.map(({ library }) => library.split(' ')[0] ?? '')
    const left = names.filter((name) => !Object.hasOwn(LIBRARIES, name))
    expect([...new Set(left)].toSorted()).to.deep.equal(NOT_BY_AUTO)
    const guide = readFileSync(new URL('../../../docs/guide/auto.md', import.meta.url), 'utf8')
    const [, list = ''] = /by `import` or `require\(\)`, also through other packages:([^]*?)\n\n/.exec(guide) ?? []
    const listed = list.split(/[\s,.]*(?:, | and |\s)/)
    for (const name of Object.keys(LIBRARIES)) expect(listed.map((each) => each.replace(/[.,]+$/, ''))).to.include(name)
  })

  it('is where a part of what it makes is hidden: the lru-cache of a driver of unstorage', () => {
    expect(hiderOf(file('unstorage', 'drivers/lru-cache.mjs'))).to.equal('unstorage')
    expect(hiderOf(file('lru-cache', 'dist/index.js'))).to.equal(null)
    expect(hiderOf('/app/server.js')).to.equal(null)
  })

  it('is told of once where the package is a cache itself, also one that is no function', () => {
    const given = { put: () => undefined, clear: () => undefined }
    const made: object[] = []
    const wrapper = new ExportWrapper({ follows: () => true, add: (creation) => made.push(creation.made) })
    const exported = file('memory-cache', 'index.js')
    expect(wrapper.exports(given, 'memory-cache', exported)).to.equal(given)
    wrapper.exports(given, 'memory-cache', exported)
    expect(made).to.deep.equal([given])
  })

  it('gives what clears a memoized function along with it, by the name that its package has for it', () => {
    const clears: unknown[] = []
    const wrapper = new ExportWrapper({ follows: () => true, add: ({ clear }) => clears.push(clear) })
    for (const name of ['p-memoize', 'memoize', 'mem']) {
      const clear = (): void => undefined
      const label = name === 'p-memoize' ? 'pMemoize' : name
      const given = { default: () => () => 1, [`${label}Clear`]: clear }
      const wrapped = wrapper.exports(given, name, file(name, 'index.js')) as typeof given
      ;(wrapped.default as () => unknown)()
      expect(clears.pop(), name).to.equal(clear)
    }
  })

  it('is wrapped where a class is exported by a getter that cannot be changed, as Next.js compiles it', () => {
    class LRUCache {
      readonly totalSize = 0
    }
    const given = Object.defineProperty({}, 'LRUCache', { enumerable: true, get: () => LRUCache })
    const made: object[] = []
    const wrapper = new ExportWrapper({ follows: () => true, add: (creation) => made.push(creation.made) })
    const lru = file('next', 'dist/server/lib/lru-cache.js')
    const wrapped = wrapper.exports(given, 'next', lru) as { readonly LRUCache: typeof LRUCache }
    const instance = new wrapped.LRUCache()
    expect([made, instance instanceof LRUCache]).to.deep.equal([[instance], true])
    expect(exportsOf('next', file('next', 'dist/server/require.js'))).to.deep.equal([])
  })
})
