import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { preparePrivateFolder, thisHost } from '../../helpers/internals/cli-jemalloc.js'
import { CacheAttributionError } from '../../../src/index.js'
import { bareHost, findBare, requireJemalloc, temporaryFolders } from '../fixtures.js'

const folder = temporaryFolders()

before(function () {
  if (process.platform !== 'linux') this.skip()
})

async function rejection(promise: Promise<unknown>): Promise<CacheAttributionError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof CacheAttributionError) return error
    throw error
  }
  throw new Error('it did not reject')
}

/** A private cache folder as a fetch leaves it, below `home`. */
function cacheWith(home: string, library: string): string {
  const target = path.join(home, '.cache', 'cache-attribution', `jemalloc-alpine-${process.arch}`)
  expect(preparePrivateFolder(target)).to.equal(null)
  const file = path.join(target, 'libjemalloc.so.2')
  copyFileSync(library, file)
  return file
}

describe('findJemalloc()', () => {
  it("finds the system's library by ldconfig, folder or name, absolute where it can", async function () {
    await requireJemalloc(this)
    const found = await findBare({ host: thisHost() })
    expect(found).to.include({ source: 'system' })
    expect(found.path).to.match(/^\/.*libjemalloc\.so\.2$/)
    expect(found).to.have.property('preload', found.path)
  })

  it('takes the library that CACHE_ATTRIBUTION_JEMALLOC names, before any other', async function () {
    const copy = path.join(folder(), 'mine.so')
    copyFileSync(await requireJemalloc(this), copy)
    const env = { CACHE_ATTRIBUTION_JEMALLOC: copy, LD_PRELOAD: 'libjemalloc.so.2' }
    expect(await findBare({ env, host: thisHost() })).to.include({
      path: copy,
      source: 'env',
      preload: `${copy}:libjemalloc.so.2`,
    })
  })

  it('resolves a relative CACHE_ATTRIBUTION_JEMALLOC against the working folder', async function () {
    const cwd = folder()
    copyFileSync(await requireJemalloc(this), path.join(cwd, 'mine.so'))
    const found = await findBare({ env: { CACHE_ATTRIBUTION_JEMALLOC: './mine.so' }, cwd })
    expect(found.path).to.equal(path.join(cwd, 'mine.so'))
  })

  it('what could go wrong if CACHE_ATTRIBUTION_JEMALLOC is wrong in any way: an error, never another library', async () => {
    const junk = path.join(folder(), 'junk.so')
    writeFileSync(junk, 'junk')
    for (const value of [junk, '/missing.so', 'no-such-name.so', '/a b.so', '/a:b.so', '/', '$(id)', '/x\n/y']) {
      const error = await rejection(findBare({ env: { CACHE_ATTRIBUTION_JEMALLOC: value }, host: thisHost() }))
      expect(error.code, value).to.equal('ERR_JEMALLOC_NOT_FOUND')
      expect(error.message).to.include('CACHE_ATTRIBUTION_JEMALLOC')
    }
  })

  it('takes an empty CACHE_ATTRIBUTION_JEMALLOC for none', async () => {
    expect(await findBare({ env: { CACHE_ATTRIBUTION_JEMALLOC: '' } })).to.include({ path: null })
  })

  it('leaves LD_PRELOAD as it is where jemalloc is in it and serves', async function () {
    const library = await requireJemalloc(this)
    const found = await findBare({ env: { LD_PRELOAD: library }, host: thisHost() })
    expect(found).to.include({ path: library, source: 'preloaded', preload: undefined })
  })

  it('what could go wrong if the preloaded libjemalloc does not load: the next candidate is taken, and it is said', async function () {
    const library = await requireJemalloc(this)
    const lines: string[] = []
    const found = await findBare({
      env: { LD_PRELOAD: '/missing/libjemalloc.so.2' },
      host: bareHost({ libraryFolders: [path.dirname(library)] }),
      log: (line) => lines.push(line),
    })
    expect(found).to.include({ source: 'system' })
    expect(lines.join()).to.include('passed over /missing/libjemalloc.so.2')
  })

  it('what could go wrong if the first candidate is corrupt: the next one is taken, and it is said', async function () {
    const library = await requireJemalloc(this)
    const corrupt = folder()
    writeFileSync(path.join(corrupt, 'libjemalloc.so.2'), 'junk')
    const lines: string[] = []
    const found = await findBare({
      host: bareHost({ libraryFolders: [corrupt, path.dirname(library)] }),
      log: (line) => lines.push(line),
    })
    expect(found).to.include({ source: 'system' })
    expect(lines).to.have.length(1)
    expect(lines[0]).to.include(`passed over ${corrupt}/libjemalloc.so.2`)
  })

  it('takes an earlier fetched copy where the system has none', async function () {
    const home = folder()
    const file = cacheWith(home, await requireJemalloc(this))
    expect(await findBare({ env: { HOME: home } })).to.include({ path: file, source: 'cache' })
  })

  it('what could go wrong if the fetched copy is a link to elsewhere: it is not used, and it is said', async function () {
    const library = await requireJemalloc(this)
    const home = folder()
    const target = path.join(home, '.cache', 'cache-attribution', `jemalloc-alpine-${process.arch}`)
    preparePrivateFolder(target)
    symlinkSync(library, path.join(target, 'libjemalloc.so.2'))
    const lines: string[] = []
    expect(await findBare({ env: { HOME: home }, log: (line) => lines.push(line) })).to.include({ path: null })
    expect(lines.join()).to.include('symbolic link')
  })

  it('says which line installs it where there is none, and does not fetch outside of the family of Debian', async () => {
    expect(await findBare({ fetch: true })).to.deep.equal({
      path: null,
      code: 'ERR_JEMALLOC_NOT_FOUND',
      reason: 'there is no libjemalloc on this system',
      mend: 'apk add jemalloc',
      fetchable: false,
    })
  })

  it('does not search where nothing can be preloaded', async () => {
    const found = await findBare({ host: bareHost({ platform: 'darwin', execPath: '/nonexistent' }) })
    expect(found).to.include({ path: null, code: 'ERR_JEMALLOC_NOT_FOUND' })
  })

  it('what could go wrong if it is told to stop: it rejects with the reason', async function () {
    await requireJemalloc(this)
    const stopped = new Error('stop')
    const error: unknown = await findBare({ host: thisHost(), signal: AbortSignal.abort(stopped) }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).to.equal(stopped)
  })
})
