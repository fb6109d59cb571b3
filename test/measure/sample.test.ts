import { expect } from 'chai'
import { createSampler, figuresOf } from '../helpers/internals/measure.js'
import type { MemorySample } from '../../src/index.js'
import { unavailableAllocator } from '../helpers/internals/allocator.js'
import { fakeAllocator, fakeEnvironment } from './fakes.js'
import type { FakeSlots } from './fakes.js'

const FULL: FakeSlots = {
  epoch: 77,
  rawAllocated: 1_000_000,
  tcache: 3_000,
  tcacheStashed: 500,
  active: 1_100_000,
  metadata: 50_000,
  resident: 1_300_000,
  mapped: 1_500_000,
  retained: 400_000,
  overcount: 2_000,
}

function sampleOf(slots: FakeSlots): MemorySample {
  return createSampler(
    fakeAllocator(() => slots),
    fakeEnvironment(),
  ).sample()
}

describe('a sample', () => {
  it('holds every statistic of the allocator, of V8 and of the process, and its time', () => {
    expect(sampleOf(FULL)).to.deep.equal({
      epoch: 77,
      allocatedBytes: 994_500,
      rawAllocatedBytes: 1_000_000,
      tcacheBytes: 3_500,
      overcountBytes: 2_000,
      activeBytes: 1_100_000,
      residentBytes: 1_300_000,
      retainedBytes: 400_000,
      allocatorMappedBytes: 1_500_000,
      mappedBytes: null,
      metadataBytes: 50_000,
      heapUsedBytes: 1_000_000,
      heapTotalBytes: 2_000_000,
      externalBytes: 30_000,
      arrayBuffersBytes: 20_000,
      rssBytes: 9_000_000,
      takenAt: '2024-01-02T03:04:05.000Z',
    })
  })

  it('gives null, and never 0, for each statistic that the allocator lacks', () => {
    const { heapUsedBytes, heapTotalBytes, externalBytes, arrayBuffersBytes, rssBytes, takenAt, ...others } =
      createSampler(unavailableAllocator('a test'), fakeEnvironment()).sample()
    expect(new Set(Object.values(others))).to.deep.equal(new Set([null]))
    expect(Object.keys(others)).to.have.lengthOf(11)
    expect([heapUsedBytes, heapTotalBytes, externalBytes, arrayBuffersBytes, rssBytes]).to.not.include(null)
    expect(takenAt).to.be.a('string')
  })

  it('keeps a 0 that the allocator gives', () => {
    expect(sampleOf({ ...FULL, retained: 0, tcache: 0, tcacheStashed: 0 })).to.include({
      retainedBytes: 0,
      tcacheBytes: 0,
    })
  })

  it('subtracts what lies in thread caches, and stashed there', () => {
    expect(sampleOf({ rawAllocated: 1000, tcache: 100, tcacheStashed: 20 })).to.include({
      allocatedBytes: 880,
      tcacheBytes: 120,
    })
  })

  it('subtracts the thread caches alone where stashes are unknown', () => {
    expect(sampleOf({ rawAllocated: 1000, tcache: 100 })).to.include({ allocatedBytes: 900, tcacheBytes: 100 })
  })

  it('subtracts nothing where thread caches are unknown, and says null of them', () => {
    expect(sampleOf({ rawAllocated: 1000 })).to.include({
      allocatedBytes: 1000,
      tcacheBytes: null,
      rawAllocatedBytes: 1000,
    })
  })

  it("subtracts what jemalloc's profiler adds, and nothing where that is unknown", () => {
    expect(sampleOf({ rawAllocated: 1000, tcache: 100, overcount: 50 })).to.include({
      allocatedBytes: 850,
      overcountBytes: 50,
    })
    expect(sampleOf({ rawAllocated: 1000, tcache: 100 }).overcountBytes).to.equal(null)
  })

  it('tells in its figures what the profiler may have promoted, where it does not tell how much', () => {
    const figuresFrom = (slots: FakeSlots) =>
      createSampler(
        fakeAllocator(() => slots),
        fakeEnvironment(),
      ).figures()
    const unknown = { rawAllocated: 9000, tcache: 100, tcacheStashed: 20, overcountMost: 5000 }
    expect(figuresFrom(unknown).promotable).to.deep.equal({ extentBytes: 5000, cachedBytes: 120 })
    expect(figuresFrom({ ...unknown, overcount: 0 })).to.not.have.property('promotable')
    expect(figuresFrom({ rawAllocated: 9000, tcache: 100 })).to.not.have.property('promotable')
  })

  it('knows no live bytes where the allocated ones are unknown', () => {
    expect(sampleOf({ tcache: 100, tcacheStashed: 20 })).to.include({ allocatedBytes: null, tcacheBytes: 120 })
  })

  it('survives JSON as it is', () => {
    const sample = sampleOf({ ...FULL, retained: NaN })
    expect(JSON.parse(JSON.stringify(sample))).to.deep.equal(sample)
  })

  it('gives the attributed figures of itself', () => {
    expect(figuresOf(sampleOf(FULL))).to.deep.equal({
      allocatedBytes: 994_500,
      heapBytes: 1_000_000,
      mappedBytes: null,
    })
  })
})

describe('a sampler', () => {
  it('refreshes the statistics with every look, and never repeats an old one', () => {
    let allocated = 0
    const allocator = fakeAllocator(() => ({ rawAllocated: ++allocated }))
    const sampler = createSampler(allocator, fakeEnvironment())
    const seen = [
      sampler.readLiveBytes(),
      sampler.sample().allocatedBytes,
      sampler.figures().allocatedBytes,
      sampler.figures().allocatedBytes,
      sampler.readLiveBytes(),
    ]
    expect(seen).to.deep.equal([1, 2, 3, 4, 5])
    expect(allocator.readings).to.equal(5)
  })

  it("gives a drain's last look as the figures, with no reading of its own", () => {
    let allocated = 0
    const allocator = fakeAllocator(() => ({ rawAllocated: ++allocated }))
    const environment = fakeEnvironment()
    const sampler = createSampler(allocator, environment)
    sampler.readLiveBytes()
    sampler.readLiveBytes()
    environment.heapBytes = 5
    expect(sampler.figures()).to.deep.equal({ allocatedBytes: 2, heapBytes: 1_000_000, mappedBytes: null })
    expect(allocator.readings).to.equal(2)
  })

  it('gives NaN while draining and null in figures where allocated bytes are unknown', () => {
    const sampler = createSampler(unavailableAllocator('a test'), fakeEnvironment())
    expect(sampler.readLiveBytes()).to.be.NaN
    expect(sampler.figures()).to.deep.equal({ allocatedBytes: null, heapBytes: 1_000_000, mappedBytes: null })
  })

  it('takes the heap noted after a collection where it is the smaller reading', () => {
    const { sampler, environment } = samplerWithHeap()
    environment.heapBytes = 500
    sampler.noteHeap()
    environment.heapBytes = 900
    expect(sampler.figures().heapBytes).to.equal(500)
  })

  it('takes the later reading where that is the smaller one', () => {
    const { sampler, environment } = samplerWithHeap()
    environment.heapBytes = 900
    sampler.noteHeap()
    environment.heapBytes = 500
    expect(sampler.sample().heapUsedBytes).to.equal(500)
  })

  it('uses a noted heap once, then forgets it', () => {
    const { sampler, environment } = samplerWithHeap()
    environment.heapBytes = 500
    sampler.noteHeap()
    environment.heapBytes = 900
    expect([sampler.figures().heapBytes, sampler.figures().heapBytes]).to.deep.equal([500, 900])
  })

  it('keeps a noted heap through the looks of a drain', () => {
    const { sampler, environment } = samplerWithHeap()
    environment.heapBytes = 500
    sampler.noteHeap()
    environment.heapBytes = 900
    sampler.readLiveBytes()
    expect(sampler.figures().heapBytes).to.equal(500)
  })

  it('replaces a noted heap by that of a later collection, also a larger one', () => {
    const { sampler, environment } = samplerWithHeap()
    environment.heapBytes = 500
    sampler.noteHeap()
    environment.heapBytes = 700
    sampler.noteHeap()
    environment.heapBytes = 900
    expect(sampler.figures().heapBytes).to.equal(700)
  })

  it('lets a failure of the allocator through', () => {
    const sampler = createSampler(
      fakeAllocator(() => {
        throw new Error('no epoch')
      }),
      fakeEnvironment(),
    )
    expect(() => sampler.figures()).to.throw('no epoch')
  })
})

function samplerWithHeap(): {
  sampler: ReturnType<typeof createSampler>
  environment: ReturnType<typeof fakeEnvironment>
} {
  const environment = fakeEnvironment()
  return {
    environment,
    sampler: createSampler(
      fakeAllocator(() => ({ rawAllocated: 1 })),
      environment,
    ),
  }
}
