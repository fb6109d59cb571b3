import { expect } from 'chai'
import { LRUCache } from 'lru-cache'
import { calibratedSize } from '../../src/index.js'
import { fromCache } from '../../src/adapters/index.js'
import type { CalibrationPoint } from '../helpers/internals/coordinator.js'
import { entrySizeOf } from '../helpers/internals/coordinator.js'
import { MIB, World, warningsOf } from './world.js'

function point(bytesPerEntry: number, claimedPerEntry: number | null): CalibrationPoint {
  return {
    measuredAt: '2026-01-01T00:00:00.000Z',
    mode: 'twin',
    entries: 100,
    bytesPerEntry,
    uncertaintyPerEntry: 2,
    measuredPerClaimed: claimedPerEntry === null ? null : bytesPerEntry / claimedPerEntry,
  }
}

describe('the size of an entry', () => {
  it('is unknown before a measurement, and the mean of a cache without claims', () => {
    expect(entrySizeOf([])).to.equal(null)
    expect(entrySizeOf([point(500, null), point(600, null)])).to.deep.include({
      bytes: 600,
      uncertaintyBytes: 2,
      perEntryBytes: 600,
      perClaimedByte: 0,
      basis: 'entries',
    })
  })

  it('is what it claims and an overhead, or a share of it', () => {
    expect(entrySizeOf([point(150, 100)])).to.deep.include({ perEntryBytes: 50, perClaimedByte: 1, basis: 'claims' })
    expect(entrySizeOf([point(100, 200)])).to.deep.include({ perEntryBytes: 0, perClaimedByte: 0.5, basis: 'claims' })
  })

  it('is told apart by measurements whose claims differ', () => {
    const size = entrySizeOf([point(80 + 2 * 100, 100), point(80 + 2 * 300, 300), point(80 + 2 * 200, 200)])
    expect(size?.perEntryBytes).to.be.closeTo(80, 1e-6)
    expect(size?.perClaimedByte).to.be.closeTo(2, 1e-9)
    expect(size?.basis).to.equal('fit')
    // A line that gives entries of nothing less than nothing is none of sizes.
    expect(entrySizeOf([point(100, 100), point(1000, 200)])?.basis).to.equal('claims')
    expect(entrySizeOf([point(1000, 100), point(100, 200)])?.basis).to.equal('claims')
  })
})

describe('calibratedSize()', () => {
  it('weighs by claims before a measurement, by the measurement after it', async () => {
    const world = new World()
    const coordinator = world.coordinator({ controls: 2 })
    const size = calibratedSize<string>(coordinator, 'pages', { claimed: (page) => page.length })
    const alike = calibratedSize(coordinator, 'pages', { unmeasuredBytes: 64 })
    expect([size('x'.repeat(10), 1), size('', 1), alike('', 1)]).to.deep.equal([10, 1, 64])
    const pages = world.cache('pages', { allocated: 30 * MIB }, 100)
    coordinator.register('pages', { ...pages, claimedBytes: () => (pages.entryCount === 0 ? 0 : 10 * MIB) })
    await coordinator.attribute()
    const perEntry = (30 * MIB) / 100
    expect(coordinator.sizeOfEntry('pages')?.bytes).to.be.closeTo(perEntry, 1)
    const later = calibratedSize<string>(coordinator, 'pages', { claimed: (page) => page.length })
    expect(later('x'.repeat(100), 1), 'the first is the mean').to.be.closeTo(perEntry, 1)
    expect(later('x'.repeat(300), 1), 'the mean claim is 200').to.be.closeTo(perEntry + 100, 1)
    expect(calibratedSize(coordinator, 'pages')('', 1)).to.be.closeTo(perEntry, 1)
    expect(coordinator.sizeOfEntry('nobody')).to.equal(null)
    await coordinator.close()
  })

  it('keeps its weights when the cache claims them', () => {
    // The next run finds a cache that claims what it holds.
    const points = [point(150, 100)]
    const sizing = { sizeOfEntry: () => entrySizeOf(points) }
    const weights = (): number[] => {
      const size = calibratedSize<number>(sizing, 'x', { claimed: (value) => value })
      return [50, 150, 50, 150].map((claims) => size(claims, 0)).slice(2)
    }
    const before = weights()
    points.push(point(150, 150))
    expect(weights()).to.deep.equal(before)
    points.splice(0, 2, point(60, 100))
    const fewer = calibratedSize<number>(sizing, 'x', { claimed: (value) => value })
    expect([fewer(100, 0), fewer(100, 0)]).to.deep.equal([60, 60])
  })

  it('gives what lru-cache takes, whatever is claimed', () => {
    const sizing = { sizeOfEntry: () => entrySizeOf([point(150, 100)]) }
    for (const claims of [0, 0.2, NaN, Infinity, -5, 1e300]) {
      const bytes = calibratedSize(sizing, 'x', { claimed: () => claims })('', '')
      expect(Number.isInteger(bytes) && bytes >= 1, String(claims)).to.equal(true)
    }
    const cache = new LRUCache<number, string>({ maxSize: 1000, sizeCalculation: calibratedSize(sizing, 'x') })
    for (let id = 0; id < 20; id++) cache.set(id, 'value')
    expect(cache.size).to.equal(6)
  })
})

describe('a bound that counts claims', () => {
  async function warningOf(measuredMib: number, claimedMib: number, maxSize = 100 * MIB): Promise<string | undefined> {
    const world = new World()
    const coordinator = world.coordinator({ controls: 2 })
    const cache = new LRUCache<number, string>({ maxSize, sizeCalculation: () => 1 })
    const pages = world.cache('pages', { allocated: measuredMib * MIB }, 1000)
    coordinator.register('pages', {
      ...pages,
      claimedBytes: () => (pages.entryCount === 0 ? 0 : claimedMib * MIB),
      bound: () => fromCache(cache).bound?.() ?? null,
    })
    const report = await coordinator.attribute()
    await coordinator.close()
    expect(report.caches[0]?.bound).to.deep.equal({ option: 'maxSize', maxClaimedBytes: maxSize })
    expect(warningsOf(report).filter((code) => code === 'WARN_BOUND_MISCOUNTS').length).to.be.lessThan(2)
    return report.warnings.find(({ code }) => code === 'WARN_BOUND_MISCOUNTS')?.message
  }

  it('is told with the number to use, where the claims are off', async () => {
    expect(await warningOf(45.5, 10)).to.equal(
      '"pages" holds 4.55 × what it claims, 47710 B an entry: maxSize 100.0 MiB would hold 455.0 MiB. For 100.0 MiB use maxSize: 23045626 (21.98 MiB), or sizeCalculation: calibratedSize(coordinator, "pages")',
    )
    expect(await warningOf(5, 10))
      .to.include('holds 0.50 ×')
      .and.to.include('would hold 50.00 MiB')
  })

  it('is not where they are about right, or where another warning explains the row', async () => {
    expect(await warningOf(11, 10)).to.equal(undefined)
    expect(await warningOf(9, 10)).to.equal(undefined)
    expect(await warningOf(0.1, 10)).to.equal(undefined)
    expect(await warningOf(0.2, 0.1)).to.equal(undefined)
  })

  it('is known of an lru-cache that has one', () => {
    expect(fromCache(new LRUCache({ max: 5 })).bound?.()).to.equal(null)
    expect(fromCache(new LRUCache({ maxSize: 500, sizeCalculation: () => 1 })).bound?.()).to.deep.equal({
      option: 'maxSize',
      maxClaimedBytes: 500,
    })
  })
})
