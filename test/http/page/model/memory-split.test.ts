import { expect } from 'chai'
import { splitMemory } from '../../../../src/http/page/model/memory-split.js'
import type { MemorySample } from '../../../../src/measure/sample.js'
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
