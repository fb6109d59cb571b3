import { expect } from 'chai'
import type { Allocator } from '../../helpers/internals/allocator.js'
import { allocatorWarnings } from '../../helpers/internals/coordinator-run.js'
import { unavailableAllocator } from '../../helpers/internals/allocator.js'
import { sample } from '../../report/reports.js'
import { jemallocWith } from '../jemalloc-with.js'

const MIB = 1024 * 1024

const codesOf = (allocator: Allocator, overcountBytes: number | null = 0): string[] =>
  allocatorWarnings(allocator, { ...sample(100 * MIB, 0), overcountBytes }).map(({ code }) => code)

describe('allocatorWarnings()', () => {
  it('says nothing where everything is counted right, or nothing is', () => {
    expect(codesOf(jemallocWith('5.3.0-0-g54eaed1', { 'arenas.tcache_max': 32_768 }))).to.deep.equal([])
    expect(codesOf(unavailableAllocator('a test'), null)).to.deep.equal([])
  })

  it('tells of larger blocks in thread caches before 5.3, unless none is kept', () => {
    for (const version of ['5.0.1-0-g1', '5.1.0-0-g1', '5.2.1-0-gea6b3e9']) {
      expect(codesOf(jemallocWith(version, { 'arenas.tcache_max': 32_768 }))).to.deep.equal(['WARN_TCACHE_MISCOUNTED'])
      expect(codesOf(jemallocWith(version, { 'arenas.tcache_max': 8192 }))).to.deep.equal([])
      expect(codesOf(jemallocWith(version, {}))).to.deep.equal([])
    }
  })

  it('tells how much that is at most, which the ± has', () => {
    const allocator = jemallocWith('5.2.1-0-gea6b3e9', {
      'arenas.tcache_max': 32_768,
      'stats.arenas.4096.nthreads': 4,
      'arenas.lextent.0.size': 16_384,
      'stats.arenas.4096.lextents.0.curlextents': 64,
    })
    const [warning] = allocatorWarnings(allocator, sample(100 * MIB, 0))
    expect(warning?.message).to.include('now 1.00 MiB at most; the ± of such a row has it')
  })

  it('tells how much the profiler adds at most, where it does not tell itself', () => {
    const allocator = jemallocWith('5.3.0', { 'stats.arenas.4096.lextents.0.curlextents': 3200 })
    const [warning] = allocatorWarnings(allocator, { ...sample(100 * MIB, 0), overcountBytes: null })
    expect(warning?.code).to.equal('WARN_PROFILER_OVERCOUNT')
    expect(warning?.message).to.include('up to 50.00 MiB (factor 2.00 of all live bytes)')
    expect(codesOf(allocator)).to.deep.equal([])
  })
})
