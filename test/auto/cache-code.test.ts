/** Of a framework only the file of its cache class is a cache's code: its other files are the places that make one. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { ExportWrapper } from '../../src/auto/export-wrapper.js'
import { exportsOf, isCacheCode } from '../../src/auto/libraries.js'

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
