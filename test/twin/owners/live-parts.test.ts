import { expect } from 'chai'
import { PART_KINDS } from '../../helpers/internals/allocator.js'
import type { PartKind, RawPart } from '../../helpers/internals/allocator.js'
import { livePartsOf } from '../../helpers/internals/twin-owners.js'
import type { LivePart } from '../../helpers/internals/twin-owners.js'
import { runFixture } from '../../helpers/child.js'
import type { PartsResult } from './fixtures/parts.js'

describe('livePartsOf()', () => {
  const raw = (script: string, kind: PartKind, heapBytes: number): RawPart => ({
    script,
    kind: PART_KINDS.indexOf(kind),
    count: 1,
    heapBytes,
    memoryBytes: 1,
    ownedBytes: 2,
  })

  it('joins the scripts of one package, and tells the application, Node, this library and V8 apart', () => {
    const parts = livePartsOf({
      parts: [
        raw('/app/node_modules/a/one.js', 'source', 10),
        raw('file:///app/node_modules/a/two.js', 'source', 20),
        raw('/app/server.js', 'data', 9),
        raw('node:fs', 'closures', 8),
        raw(new URL('../../../src/index.js', import.meta.url).href, 'source', 7),
        raw('', 'tables', 6),
      ],
    })
    expect(parts).to.deep.equal([
      { of: 'package', package: 'a', kind: 'source', count: 2, heapBytes: 30, memoryBytes: 2, ownedBytes: 4 },
      { of: 'application', kind: 'data', count: 1, heapBytes: 9, memoryBytes: 1, ownedBytes: 2 },
      { of: 'node', kind: 'closures', count: 1, heapBytes: 8, memoryBytes: 1, ownedBytes: 2 },
      { of: 'library', kind: 'source', count: 1, heapBytes: 7, memoryBytes: 1, ownedBytes: 2 },
      { of: 'engine', kind: 'tables', count: 1, heapBytes: 6, memoryBytes: 1, ownedBytes: 2 },
    ])
  })
})

describe('parts of a real process', () => {
  let result: PartsResult

  before(async function () {
    this.timeout(60_000)
    result = await runFixture('twin/owners/fixtures/parts', { timeoutMs: 55_000 })
  })

  const bytesOf = ({ heapBytes, memoryBytes, ownedBytes }: LivePart): number => heapBytes + memoryBytes + ownedBytes
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  const bytes = (is: (part: LivePart) => boolean): number => sum(result.found.parts.filter(is).map(bytesOf))
  const ofPackage = (kind: PartKind): number =>
    bytes((part) => part.of === 'package' && part.package === '@planted/package' && part.kind === kind)

  it('add up to all that lives, to the byte', () => {
    const { parts, live } = result.found
    expect(sum(parts.map(bytesOf))).to.equal(live.totalBytes)
  })

  it('are told by package, each byte once, and the heap apart from Buffers', () => {
    const { packages, live } = result.found
    expect(sum(packages.map(({ totalBytes }) => totalBytes))).to.equal(live.totalBytes)
    expect((live.heapBytes ?? NaN) + (live.memoryBytes ?? NaN)).to.equal(live.totalBytes)
    expect(live.memoryBytes).to.be.within(0, live.totalBytes / 2)
    const planted = packages.find((each) => each.package === '@planted/package')
    expect(planted?.totalBytes).to.equal(sum(planted?.kinds.map(({ totalBytes }) => totalBytes) ?? []))
    expect(planted?.kinds.find(({ kind }) => kind === 'data')?.totalBytes).to.equal(ofPackage('data'))
    expect(packages.filter(({ of }) => of === 'node').length).to.equal(1)
  })

  it('tell the text of a package, what is compiled of it, what V8 learnt of it, its functions and its data', () => {
    expect(ofPackage('source')).to.be.within(result.sourceBytes, 1.02 * result.sourceBytes + 1000)
    expect(ofPackage('bytecode')).to.be.within(400 * 100, 400 * 2000)
    expect(ofPackage('closures')).to.be.within(400 * 50, 400 * 300)
    expect(ofPackage('functions')).to.be.within(400 * 100, 400 * 1500)
    expect(ofPackage('feedback')).to.be.greaterThan(1000)
    expect(ofPackage('data')).to.be.within(8000 * 40, 8000 * 80)
  })

  it("tell Node's own and V8's", () => {
    expect(bytes(({ of }) => of === 'node')).to.be.within(500_000, 10_000_000)
    expect(bytes(({ of }) => of === 'engine')).to.be.within(500_000, 5_000_000)
    expect(bytes(({ of }) => of === 'library')).to.be.greaterThan(50_000)
  })
})
