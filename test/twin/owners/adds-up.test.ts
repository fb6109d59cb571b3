import { expect } from 'chai'
import type { AttributionReport } from '../../../src/index.js'
import type { Discovery } from '../../../src/twin/index.js'
import { runFixture } from '../../helpers/child.js'
import { thoroughSuite } from '../../helpers/thorough.js'

const MIB = 1024 * 1024
/** As far as two readings of V8's heap may be apart: those of the library's own work between them. */
const APART = 0.03

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

describe('a report with owners', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const suite = seed === 1 ? describe : thoroughSuite
    suite(`of a program made at random (seed ${String(seed)})`, () => {
      let report: AttributionReport
      let discovery: Discovery
      let live: NonNullable<Discovery['live']>

      before(async function () {
        this.timeout(120_000)
        report = await runFixture('twin/owners/fixtures/adds-up', {
          args: [String(seed)],
          env: { NODE_V8_COVERAGE: undefined },
          timeoutMs: 110_000,
        })
        if (report.discovery?.live == null) throw new Error(JSON.stringify(report.warnings))
        discovery = report.discovery
        live = report.discovery.live
      })

      it('has owners, others and the rest, which are all that lives', () => {
        const listed = sum(discovery.owners.map(({ own }) => own.totalBytes))
        expect(listed + discovery.others.totalBytes).to.equal(live.ownedBytes)
        expect(live.ownedBytes + live.restBytes).to.equal(live.totalBytes)
        expect((live.heapBytes ?? NaN) + (live.memoryBytes ?? NaN)).to.equal(live.totalBytes)
      })

      it('has all that lives once more by package, and of it what is owned', () => {
        const packages = discovery.packages ?? []
        expect(sum(packages.map(({ totalBytes }) => totalBytes))).to.equal(live.totalBytes)
        expect(sum(packages.map(({ ownedBytes }) => ownedBytes))).to.be.at.least(live.ownedBytes)
        for (const { totalBytes, ownedBytes, kinds } of packages) {
          expect(sum(kinds.map((kind) => kind.totalBytes))).to.equal(totalBytes)
          expect(ownedBytes).to.be.at.most(totalBytes)
        }
      })

      it('counts nothing twice: an owner retains its own and what lies in it', () => {
        for (const [place, { own, retained, partOf }] of discovery.owners.entries()) {
          const within = discovery.owners.filter((other) => other.partOf === place)
          expect(own.heapBytes + own.memoryBytes).to.equal(own.totalBytes)
          const least = own.totalBytes + sum(within.map((other) => other.retained.totalBytes))
          expect(retained.totalBytes).to.be.within(least, live.totalBytes)
          expect(partOf).to.not.equal(place)
        }
      })

      it('has rows and the graph, which together are the heap of before', () => {
        const released = sum(report.caches.map((cache) => cache.released.heapBytes ?? 0))
        const whole = report.before.heapUsedBytes
        expect(released + (live.heapBytes ?? NaN)).to.be.closeTo(whole, APART * whole + MIB)
        expect(live.heapBytes).to.be.closeTo(live.usedHeapBytes ?? NaN, APART * whole + MIB)
      })

      it('has the owners of the floor, none of which is registered', () => {
        expect(report.floor.owners).to.deep.equal(discovery.owners.filter(({ cache }) => cache === null))
        expect(report.explained?.heapShare).to.be.within(0.95, 1)
      })
    })
  }
})
