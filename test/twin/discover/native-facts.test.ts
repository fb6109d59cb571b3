import { expect } from 'chai'
import type { RawNative } from '../../helpers/internals/allocator.js'
import type { PackageCost } from '../../helpers/internals/report-discovery.js'
import { nativeMemoryOf, withNative } from '../../helpers/internals/twin-discover.js'

const NATIVE: RawNative = {
  javascriptBytes: 1000.4,
  otherBufferBytes: 200,
  nodeBytes: 5000,
  libraryBytes: 30,
  addons: [
    { file: '/app/node_modules/@img/sharp-linux-x64/lib/sharp.node', bytes: 70, count: 2 },
    { file: '/app/node_modules/@img/sharp-linux-x64/lib/../../sharp-libvips/lib/libvips.so.42', bytes: 600, count: 3 },
    { file: '/app/build/Release/own.node', bytes: 40, count: 1 },
    { file: '/usr/lib/libvips.so.42', bytes: 9, count: 1 },
  ],
}

const costOf = (of: PackageCost['of'], name: string | null, totalBytes: number): PackageCost => ({
  of,
  package: name,
  totalBytes,
  ownedBytes: 0,
  kinds: [],
})

const PACKAGES = [
  costOf('node', null, 4000),
  costOf('engine', null, 3000),
  costOf('package', '@img/sharp-linux-x64', 100),
  costOf('package', 'express', 90),
]

describe('native memory of packages', () => {
  it('is that of the files of each, the innermost package of a file', () => {
    const packages = withNative(PACKAGES, NATIVE, { node: 4000, engine: 800 })
    expect(packages.map(({ of, package: name, nativeBytes }) => [of, name, nativeBytes])).to.deep.equal([
      ['node', null, 4200],
      ['engine', null, 800],
      ['package', '@img/sharp-libvips', 600],
      ['package', '@img/sharp-linux-x64', 70],
      ['package', 'express', undefined],
      ['application', null, 40],
      ['package', 'libvips.so.42', 9],
    ])
  })

  it('adds up to what was found', () => {
    const packages = withNative([...PACKAGES, costOf('library', null, 1)], NATIVE, null)
    const { otherBufferBytes, javascriptBytes, ...rest } = nativeMemoryOf(NATIVE) ?? {}
    expect({ otherBufferBytes, javascriptBytes }).to.deep.equal({ otherBufferBytes: 200, javascriptBytes: 1000 })
    expect(rest).to.deep.equal({ nodeBytes: 5000, addonBytes: 749 })
    expect(packages.reduce((sum, { nativeBytes }) => sum + (nativeBytes ?? 0), 0)).to.equal(5749)
    expect(packages.find(({ of }) => of === 'library')?.nativeBytes).to.equal(30)
  })

  it('is that of an empty process where it was not walked, and unknown where there was none', () => {
    const of = (packages: readonly PackageCost[]): unknown => packages.map(({ nativeBytes }) => nativeBytes)
    expect(of(withNative(PACKAGES, null, { node: 7, engine: 2 }))).to.deep.equal([7, 2, undefined, undefined])
    expect(of(withNative(PACKAGES, null, null))).to.deep.equal([null, null, undefined, undefined])
    expect(nativeMemoryOf(null)).to.equal(null)
  })
})
