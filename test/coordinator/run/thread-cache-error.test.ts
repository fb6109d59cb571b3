import { expect } from 'chai'
import { threadCacheError, sampleBytes } from '../../helpers/internals/coordinator-run.js'
import { unavailableAllocator } from '../../helpers/internals/allocator.js'
import { jemallocWith } from '../jemalloc-with.js'

const KIB = 1024
const CLASSES_KIB = [16, 20, 24, 28, 32, 40]

/** So many extents of each class. */
const values = (extents: readonly number[], rest: Readonly<Record<string, number>>): Record<string, number> => ({
  'arenas.tcache_max': 32 * KIB,
  ...Object.fromEntries(CLASSES_KIB.map((kib, index) => [`arenas.lextent.${String(index)}.size`, kib * KIB])),
  ...Object.fromEntries(
    extents.map((count, index) => [`stats.arenas.4096.lextents.${String(index)}.curlextents`, count]),
  ),
  ...rest,
})

const mostBytes = (extents: readonly number[], rest: Readonly<Record<string, number>> = {}): number | undefined =>
  threadCacheError(jemallocWith('5.2.1-0-gea6b3e9', values(extents, rest)))?.mostBytes

describe('threadCacheError()', () => {
  it('is what all threads keep of each class that is kept', () => {
    const ofOneThread = 20 * (16 + 20 + 24 + 28 + 32) * KIB
    const plenty = CLASSES_KIB.map(() => 1e6)
    expect(mostBytes(plenty, { 'stats.arenas.4096.nthreads': 1 })).to.equal(ofOneThread)
    expect(mostBytes(plenty, { 'stats.arenas.4096.nthreads': 7 })).to.equal(7 * ofOneThread)
  })

  it('is no more than there is', () => {
    const few = [3, 0, 0, 100, 1, 5000]
    expect(mostBytes(few, { 'stats.arenas.4096.nthreads': 2 })).to.equal((3 * 16 + 40 * 28 + 32) * KIB)
    expect(mostBytes(few)).to.equal((3 * 16 + 100 * 28 + 32) * KIB)
  })

  it('follows the limit of thread caches', () => {
    const few = [3, 0, 0, 100, 1, 5000]
    expect(mostBytes(few, { 'arenas.tcache_max': 16 * KIB })).to.equal(48 * KIB)
    expect(mostBytes(few, { 'arenas.tcache_max': 8 * KIB })).to.equal(undefined)
  })

  it('is none from 5.3 on, nor without jemalloc', () => {
    expect(threadCacheError(jemallocWith('5.3.0-0-g54eaed1', values([9], {})))).to.equal(null)
    expect(threadCacheError(unavailableAllocator('a test'))).to.equal(null)
  })
})

describe('sampleBytes()', () => {
  it('is the least distance that is known', () => {
    const of = (known: Readonly<Record<string, number>>): number | null => sampleBytes(jemallocWith('5.3.0', known))
    expect(of({ 'opt.lg_prof_sample': 19, 'prof.lg_sample': 16 })).to.equal(2 ** 16)
    expect(of({ 'opt.lg_prof_sample': 12, 'prof.lg_sample': 16 })).to.equal(2 ** 12)
    expect(of({ 'opt.lg_prof_sample': 19 })).to.equal(2 ** 19)
    expect(of({})).to.equal(null)
    expect(sampleBytes(unavailableAllocator('a test'))).to.equal(null)
  })
})
