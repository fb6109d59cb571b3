import { expect } from 'chai'
import { splitBreakdown, splitMemory } from '../../../helpers/internals/http-page-model.js'
import type { MemorySample } from '../../../../src/index.js'
import { buildBreakdown } from '../../../helpers/internals/report-breakdown.js'
import { MIB, readings } from '../../../report/breakdown/readings.js'
import { sample, sampleWithoutAllocator } from '../fixtures/fake-data.js'

function sumOf(of: MemorySample): number {
  return splitMemory(of).parts.reduce((sum, { bytes }) => sum + bytes, 0)
}

describe('the split of the process’s memory', () => {
  it('adds up to RSS', () => {
    expect(sumOf(sample())).to.equal(sample().rssBytes)
    expect(splitMemory(sample()).notResidentBytes).to.equal(0)
  })

  it('does not add what V8 counts as external, which lies in the allocator', () => {
    const more = { ...sample(), externalBytes: 1e12, arrayBuffersBytes: 1e12 }
    expect(splitMemory(more).parts).to.deep.equal(splitMemory(sample()).parts)
  })

  it('has the allocator’s parts add up to what it holds resident', () => {
    const keys = ['live', 'tcache', 'fragmentation', 'spare']
    const held = splitMemory(sample()).parts.filter(({ key }) => keys.includes(key))
    // The fixture's figures are rounded each by itself.
    expect(held.reduce((sum, { bytes }) => sum + bytes, 0)).to.be.closeTo(sample().residentBytes ?? 0, 4)
  })

  it('leaves to the rest what an allocator does not tell, and says so', () => {
    const { parts } = splitMemory(sampleWithoutAllocator())
    expect(parts.map(({ key }) => key)).to.deep.equal(['heap-used', 'heap-free', 'rest'])
    expect(parts.at(-1)?.note).to.contain('no allocator statistics')
    const glibc = { ...sampleWithoutAllocator(), allocatedBytes: 1e8, rawAllocatedBytes: 1e8 }
    expect(splitMemory(glibc).parts.at(-1)?.note).to.contain('fragmentation')
    expect(sumOf(glibc)).to.equal(glibc.rssBytes)
  })

  it('says how much is committed but not resident, and has no negative part', () => {
    const swapped = { ...sample(), rssBytes: 100 * 1024 * 1024 }
    const { parts, notResidentBytes } = splitMemory(swapped)
    expect(notResidentBytes).to.equal(sumOf(swapped) - swapped.rssBytes)
    expect(parts.every(({ bytes }) => bytes > 0)).to.equal(true)
  })
})

describe('the split of a breakdown', () => {
  it('has the figures of its tree, and adds up to its RSS, whatever the tree knows', () => {
    for (const tree of [
      buildBreakdown(readings()),
      buildBreakdown(readings({ mapped: { v8: 900 * MIB, wasm: 50 * MIB, workers: 2, other: 7 } })),
      buildBreakdown(readings({ isolates: [], allocator: { rawAllocatedBytes: null, allocatedBytes: null } })),
    ]) {
      const { parts, rssBytes, notResidentBytes } = splitBreakdown(tree)
      expect(parts.reduce((sum, { bytes }) => sum + bytes, 0)).to.equal(tree.bytes)
      expect([rssBytes, notResidentBytes]).to.deep.equal([tree.bytes, 0])
    }
    const { parts } = splitBreakdown(buildBreakdown(readings()))
    expect(parts.find(({ key }) => key === 'heap-used')?.bytes).to.equal(80 * MIB)
    expect(parts.find(({ key }) => key === 'heap-free')?.bytes).to.equal(20 * MIB)
    expect(parts.find(({ key }) => key === 'rest')?.bytes).to.equal(40 * MIB)
  })
})
