import { expect } from 'chai'
import { diagnose } from '../../../src/report/breakdown/diagnose.js'
import type { Diagnosis } from '../../../src/report/breakdown/diagnose.js'
import { formatBreakdown } from '../../../src/report/breakdown/format.js'
import { buildBreakdown } from '../../../src/report/breakdown/tree.js'
import { MIB, heap, readings } from './readings.js'

function diagnosed(...of: Parameters<typeof readings>): Diagnosis {
  return diagnose(buildBreakdown(readings(...of)))
}

describe('diagnose()', () => {
  it('finds objects outside the caches where most of RSS is live in the heap', () => {
    const { verdict, largest, line } = diagnosed()
    expect({ verdict, largest }).to.deep.equal({
      verdict: 'held',
      largest: 'live JavaScript objects outside the caches',
    })
    expect(line).to.contain('80.00 MiB (40.0 % of RSS)')
  })

  it("finds fragmentation where V8's heap is a quarter free", () => {
    const isolates = [heap('main thread', { used: 20, size: 100, available: 70 })]
    expect(diagnosed({ isolates })).to.include({ verdict: 'fragmented', largest: "free memory of V8's heap" })
  })

  it('finds fragmentation of the allocator', () => {
    const mapped = { arenas: 300 * MIB }
    const allocator = { activeBytes: 242 * MIB }
    expect(diagnosed({ mapped, allocator })).to.include({
      verdict: 'fragmented',
      largest: 'fragmentation of the allocator',
    })
  })

  it('finds dirty pages that decay by themselves', () => {
    const { verdict, line } = diagnosed({ mapped: { arenas: 300 * MIB }, allocator: { dirtyBytes: 250 * MIB } })
    expect(verdict).to.equal('fragmented')
    expect(line).to.contain('decay by themselves')
  })

  it('does not call a few megabytes of a small process fragmentation', () => {
    const isolates = [heap('main thread', { used: 2, size: 10, available: 8 })]
    const mapped = { v8: 10 * MIB, arenas: 5 * MIB }
    expect(diagnosed({ isolates, mapped }).verdict).to.equal('mapped')
  })

  it('finds native memory outside the caches', () => {
    const more = {
      mapped: { arenas: 600 * MIB },
      allocator: { allocatedBytes: 580 * MIB, rawAllocatedBytes: 582 * MIB, activeBytes: 587 * MIB },
    }
    expect(diagnosed(more).largest).to.equal('live native memory outside the caches')
    expect(
      diagnosed({ ...more, caches: [{ name: 'files', allocatedBytes: 500 * MIB, heapBytes: 0, mappedBytes: null }] })
        .largest,
    ).to.equal('caches')
  })

  it('finds mapped files, shared memory and stacks to be no heap at all', () => {
    for (const mapped of [
      { files: [{ name: '/data.mdb', bytes: 900 * MIB }] },
      { shared: [{ name: '/dev/shm/q', bytes: 900 * MIB }] },
      { stacks: 900 * MIB },
    ]) {
      expect(diagnosed({ mapped }).verdict).to.equal('mapped')
    }
  })

  it('does not judge memory that may be of workers that were not asked', () => {
    const { verdict, line } = diagnosed({ mapped: { v8: 900 * MIB, workers: 3 } })
    expect(verdict).to.equal('unclear')
    expect(line).to.contain('breakdown({ isolates })')
  })

  it('does not judge mappings alone', () => {
    const allocator = { rawAllocatedBytes: null, allocatedBytes: null }
    expect(diagnosed({ isolates: [], allocator })).to.include({ verdict: 'unclear', largest: 'live and free' })
  })

  it('finds memory that was mapped past the allocator', () => {
    expect(diagnosed({ mapped: { other: 900 * MIB } })).to.include({ verdict: 'unclear', largest: 'other anonymous' })
  })

  it('survives a process of nothing', () => {
    expect(diagnose({ name: 'process', bytes: 0 }).line).to.contain('0 B')
  })
})

describe('formatBreakdown()', () => {
  it('writes each node with its share of RSS, and the diagnosis above', () => {
    const text = formatBreakdown(buildBreakdown(readings()), { color: false })
    expect(text.split('\n', 1)[0]).to.match(/^Where all of RSS is: no fragmentation/)
    expect(text).to.match(/^ {6}live +80\.00 MiB +40\.0 %$/m)
    expect(text).to.match(/^ {2}binary and libraries +40\.00 MiB +20\.0 %$/m)
  })

  it('shows the parts of the process also where they are nothing', () => {
    expect(formatBreakdown(buildBreakdown(readings()), { color: false })).to.match(/^ {2}shared memory +0 B/m)
  })

  it('sums what is too small for a line', () => {
    const files = Array.from({ length: 5 }, (_, index) => ({
      name: `/data/${String(index)}`,
      bytes: index < 2 ? 50 * MIB : 4096,
    }))
    const text = formatBreakdown(buildBreakdown(readings({ mapped: { files } })), { color: false })
    expect(text).to.match(/^ {4}3 smaller +12\.00 KiB/m)
    expect(text).to.match(/^ {4}\/data\/1 /m)
    expect(text).not.to.contain('/data/3')
  })

  it('lets no name forge a line', () => {
    const files = [{ name: 'a\n  V8 heap 0 B', bytes: 50 * MIB }]
    const text = formatBreakdown(buildBreakdown(readings({ mapped: { files } })), { color: false })
    expect(text).to.contain('a\\u{a}  V8 heap 0 B')
  })

  it('refuses an unknown option', () => {
    expect(() => formatBreakdown({ name: 'process', bytes: 0 }, { colour: true } as object)).to.throw(
      'did you mean "color"?',
    )
  })
})
