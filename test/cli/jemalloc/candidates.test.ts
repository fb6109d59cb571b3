import { expect } from 'chai'
import {
  listedLibraries,
  preloadedCandidates,
  systemCandidates,
  LIBRARY_NAME,
  libraryFolders,
  mappedJemalloc,
} from '../../helpers/internals/cli-jemalloc.js'
import { bareHost } from '../fixtures.js'

const LISTING = `412 libs found in cache \`/etc/ld.so.cache'
\tlibjpeg.so.62 (libc6,x86-64) => /lib/x86_64-linux-gnu/libjpeg.so.62
\tlibjemalloc.so.2 (libc6,x86-64) => /lib/x86_64-linux-gnu/libjemalloc.so.2
\tlibjemalloc.so.2 (libc6) => /lib/i386-linux-gnu/libjemalloc.so.2
\tlibjemalloc.so (libc6,x86-64) => /lib/x86_64-linux-gnu/libjemalloc.so
`

describe('listedLibraries()', () => {
  it('takes every path of that very name, in order', () => {
    expect(listedLibraries(LISTING, LIBRARY_NAME)).to.deep.equal([
      '/lib/x86_64-linux-gnu/libjemalloc.so.2',
      '/lib/i386-linux-gnu/libjemalloc.so.2',
    ])
  })

  it('what could go wrong if ldconfig is another program: nothing is found', () => {
    expect(listedLibraries('usage: ldconfig\n\0 => /x', LIBRARY_NAME)).to.deep.equal([])
  })
})

describe('systemCandidates()', () => {
  it('takes what ldconfig lists, then the folders that have it, then the bare name', () => {
    const host = bareHost({ libraryFolders: ['/usr/lib64', '/usr/lib'], sonames: [LIBRARY_NAME] })
    const exists = (path: string): boolean => path.startsWith('/usr/lib/')
    expect(systemCandidates(host, LISTING, LIBRARY_NAME, exists).map(({ path }) => path)).to.deep.equal([
      '/lib/x86_64-linux-gnu/libjemalloc.so.2',
      '/lib/i386-linux-gnu/libjemalloc.so.2',
      '/usr/lib/libjemalloc.so.2',
      'libjemalloc.so.2',
    ])
  })
})

describe('preloadedCandidates()', () => {
  it('takes the libjemalloc in LD_PRELOAD, else one that is mapped all the same', () => {
    const host = bareHost({ mappedJemalloc: '/etc/preloaded/libjemalloc.so.2' })
    expect(preloadedCandidates(host, '/x/libjemalloc.so.2')[0]?.path).to.equal('/x/libjemalloc.so.2')
    expect(preloadedCandidates(host, undefined)[0]?.path).to.equal('/etc/preloaded/libjemalloc.so.2')
    expect(preloadedCandidates(bareHost(), '/x/other.so')).to.deep.equal([])
  })
})

describe('libraryFolders()', () => {
  it("starts with the architecture's own folder", () => {
    expect(libraryFolders('arm64')[0]).to.equal('/usr/lib/aarch64-linux-gnu')
    expect(libraryFolders('mips')[0]).to.equal('/usr/lib64')
  })
})

describe('mappedJemalloc()', () => {
  it('reads the path out of a map, blanks included', () => {
    expect(mappedJemalloc('7f00-7f01 r--p 0 00:00 0    /opt/a b/libjemalloc.so.2\n7f01 rw-p [heap]')).to.equal(
      '/opt/a b/libjemalloc.so.2',
    )
    expect(mappedJemalloc('7f00-7f01 r--p 0 00:00 0    /usr/lib/libc.so.6')).to.equal(null)
  })
})
