import { expect } from 'chai'
import { emptyNodeOf, engineNative, measureEmptyNode } from '../helpers/internals/twin.js'

const MIB = 1024 * 1024
const told = (...figures: unknown[]): string => JSON.stringify(['v20.0.0', true, ...figures])
const parse = (output: string) => emptyNodeOf(output, true, 'v20.0.0')

describe('an empty process of Node', () => {
  it('stands for this one only where it is of the same version, under the same allocator', () => {
    const output = told(3 * MIB, 6 * MIB, 4 * MIB, 106 * MIB, 131_072, 150_000)
    const empty = { allocatedBytes: 3 * MIB, heapTotalBytes: 6 * MIB, tableBytes: 131_072, bytesPerHeapByte: 0.01 }
    expect(parse(output)).to.deep.equal(empty)
    expect(emptyNodeOf(output, false, 'v20.0.0')).to.equal(null)
    expect(emptyNodeOf(output, true, 'v20.0.1')).to.equal(null)
  })

  it('is unknown where it printed something else, or what cannot be', () => {
    for (const output of ['', 'hello', 'null', '{}', told(), told(0, 1, 2, 3), told(5, 6, 4, 7), told(5, 6, 7, 6)]) {
      expect(parse(output), output).to.equal(null)
    }
  })

  it('grows by what V8 keeps beside its heap, and never shrinks', () => {
    const empty = { allocatedBytes: 3 * MIB, heapTotalBytes: 10 * MIB, tableBytes: 100, bytesPerHeapByte: 0.01 }
    const native = (heapTotalBytes: number, tableBytes: number) => engineNative(empty, { heapTotalBytes, tableBytes })
    expect(native(110 * MIB, 300)).to.deep.equal({ node: 3 * MIB, engine: MIB + 200 })
    expect(native(5 * MIB, 0)).to.deep.equal({ node: 3 * MIB, engine: 0 })
    // Of a table that is not known in one of them nothing is said.
    const unknown = engineNative({ ...empty, tableBytes: 0 }, { heapTotalBytes: 10 * MIB, tableBytes: 300 })
    expect(unknown).to.deep.equal({ node: 3 * MIB, engine: 0 })
  })

  it('is measured once, and not at all for who may spend nothing on it', async function () {
    this.timeout(30_000)
    expect(await measureEmptyNode(false)).to.equal(null)
    const empty = await measureEmptyNode()
    expect(empty?.allocatedBytes).to.be.within(MIB, 16 * MIB)
    expect(empty?.bytesPerHeapByte).to.be.within(0, 0.1)
    expect(await measureEmptyNode(false)).to.equal(empty)
  })
})
