import { expect } from 'chai'
import {
  mergePreload,
  preloadEntries,
  preloadedJemalloc,
  unpreloadable,
  withoutJemalloc,
} from '../../helpers/internals/cli-jemalloc.js'

const LIBRARY = '/usr/lib/libjemalloc.so.2'

describe('mergePreload()', () => {
  it('puts the library in front of what is there', () => {
    expect(mergePreload(LIBRARY, '/a.so')).to.equal(`${LIBRARY}:/a.so`)
  })

  it('stands alone where nothing is there, or only separators', () => {
    expect(mergePreload(LIBRARY, undefined)).to.equal(LIBRARY)
    expect(mergePreload(LIBRARY, '')).to.equal(LIBRARY)
    expect(mergePreload(LIBRARY, ' : :')).to.equal(LIBRARY)
  })

  it('does not add the library twice, and moves it to the front', () => {
    expect(mergePreload(LIBRARY, LIBRARY)).to.equal(LIBRARY)
    expect(mergePreload(LIBRARY, `/tcmalloc.so ${LIBRARY}:/b.so`)).to.equal(`${LIBRARY}:/tcmalloc.so:/b.so`)
  })
})

describe('preloadEntries()', () => {
  it('splits at blanks and colons, as the loader does', () => {
    expect(preloadEntries(' /a.so:/b.so  /c.so:')).to.deep.equal(['/a.so', '/b.so', '/c.so'])
  })
})

describe('preloadedJemalloc()', () => {
  it('knows a libjemalloc by its file name', () => {
    expect(preloadedJemalloc(`/a.so:${LIBRARY}`)).to.equal(LIBRARY)
    expect(preloadedJemalloc('libjemalloc.so')).to.equal('libjemalloc.so')
  })

  it('is not misled by a folder of that name', () => {
    expect(preloadedJemalloc('/opt/libjemalloc/other.so')).to.equal(undefined)
  })
})

describe('withoutJemalloc()', () => {
  it('takes every libjemalloc out and keeps the rest', () => {
    expect(withoutJemalloc(`${LIBRARY} /a.so:libjemalloc.so.2`)).to.equal('/a.so')
  })

  it('is undefined where nothing is left', () => {
    expect(withoutJemalloc(LIBRARY)).to.equal(undefined)
    expect(withoutJemalloc(undefined)).to.equal(undefined)
  })
})

describe('unpreloadable()', () => {
  it('what could go wrong if a path holds a blank, a colon, a "$" or nothing: the loader would take it apart', () => {
    for (const path of ['/a b/l.so', '/a:b/l.so', '/a\nb/l.so', '/$LIB/l.so', '']) {
      expect(unpreloadable(path), path).to.be.a('string')
    }
  })

  it('lets everything else through', () => {
    expect(unpreloadable('/home/é/-x/"q"/libjemalloc.so.2')).to.equal(null)
  })
})
