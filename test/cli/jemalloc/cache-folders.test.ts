import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { cacheFolders, fetchedCopy, preparePrivateFolder } from '../../helpers/internals/cli-jemalloc.js'
import { temporaryFolders } from '../fixtures.js'

const DEBIAN = { id: 'debian', versionId: '12', family: 'debian' } as const
const SYSTEM = 'cache-attribution/jemalloc-debian-12-x64'

describe('cacheFolders()', () => {
  const folder = temporaryFolders()

  it('starts with the node_modules of the working folder', () => {
    const cwd = folder()
    mkdirSync(path.join(cwd, 'node_modules'))
    expect(cacheFolders({ env: {}, cwd, home: '/home/u' }, DEBIAN, 'x64')).to.deep.equal([
      `${cwd}/node_modules/.cache/${SYSTEM}`,
      `/home/u/.cache/${SYSTEM}`,
    ])
  })

  it("takes the user's cache folders where there is no node_modules", () => {
    const place = { env: { XDG_CACHE_HOME: '/xdg' }, cwd: folder(), home: '/home/u' }
    expect(cacheFolders(place, DEBIAN, 'x64')).to.deep.equal([`/xdg/${SYSTEM}`, `/home/u/.cache/${SYSTEM}`])
  })

  it('what could go wrong if XDG_CACHE_HOME or HOME is relative or empty: it is left out', () => {
    for (const value of ['', '.', '../x', '~/x']) {
      expect(cacheFolders({ env: { XDG_CACHE_HOME: value }, cwd: folder(), home: value }, DEBIAN, 'x64')).to.deep.equal(
        [],
      )
    }
  })

  it('what could go wrong if node_modules is a file: it is left out', () => {
    const cwd = folder()
    writeFileSync(path.join(cwd, 'node_modules'), '')
    expect(cacheFolders({ env: {}, cwd, home: '' }, DEBIAN, 'x64')).to.deep.equal([])
  })
})

describe('preparePrivateFolder()', () => {
  const folder = temporaryFolders()

  it('makes the folder and its parent private', () => {
    const target = path.join(folder(), 'a', 'cache-attribution', 'jemalloc')
    expect(preparePrivateFolder(target)).to.equal(null)
    for (const level of [target, path.dirname(target)]) expect(statSync(level).mode & 0o777).to.equal(0o700)
  })

  it('can be called again', () => {
    const target = path.join(folder(), 'p', 'f')
    expect(preparePrivateFolder(target)).to.equal(null)
    expect(preparePrivateFolder(target)).to.equal(null)
  })

  it('what could go wrong if others may write to it, or to its parent: it is refused', () => {
    for (const open of ['p', 'p/f']) {
      const root = folder()
      mkdirSync(path.join(root, 'p', 'f'), { recursive: true, mode: 0o700 })
      chmodSync(path.join(root, open), 0o777)
      expect(preparePrivateFolder(path.join(root, 'p', 'f')), open).to.include('written to by others')
    }
  })

  it('what could go wrong if it is a link to elsewhere: it is refused', () => {
    const root = folder()
    mkdirSync(path.join(root, 'p'), { mode: 0o700 })
    symlinkSync(folder(), path.join(root, 'p', 'f'))
    expect(preparePrivateFolder(path.join(root, 'p', 'f'))).to.include('symbolic link')
  })

  it('what could go wrong if a file is in the way: it is refused with the reason', () => {
    const root = folder()
    writeFileSync(path.join(root, 'p'), '')
    expect(preparePrivateFolder(path.join(root, 'p', 'f'))).to.be.a('string')
  })

  it('what could go wrong if the path holds a blank: it is refused, since it could not be preloaded', () => {
    expect(preparePrivateFolder(path.join(folder(), 'my project', 'p', 'f'))).to.include('blank')
  })
})

describe('fetchedCopy()', () => {
  const folder = temporaryFolders()

  function copy(): string {
    const target = path.join(folder(), 'p', 'f')
    preparePrivateFolder(target)
    const file = path.join(target, 'libjemalloc.so.2')
    writeFileSync(file, '', { mode: 0o600 })
    return file
  }

  it('trusts a file of ours in a private folder', () => {
    expect(fetchedCopy(copy())).to.deep.equal({ exists: true, distrust: null })
  })

  it('is absent where nothing lies', () => {
    expect(fetchedCopy(path.join(folder(), 'x'))).to.deep.equal({ exists: false, distrust: null })
  })

  it('what could go wrong if others may write to the file or its folder: it is not used', () => {
    for (const level of [0, 1, 2]) {
      const file = copy()
      const opened = [file, path.dirname(file), path.dirname(path.dirname(file))][level] ?? ''
      chmodSync(opened, 0o777)
      expect(fetchedCopy(file).distrust, opened).to.include('written to by others')
    }
  })

  it('what could go wrong if it belongs to another user: it is not used', function () {
    if (process.getuid?.() !== 0) this.skip() // Only root can give a file away.
    const file = copy()
    chownSync(file, 12345, 12345)
    expect(fetchedCopy(file).distrust).to.include('another user')
  })
})
