import { expect } from 'chai'
import { runFixture } from '../../helpers/child.js'
import { doubtOfSize, doubtOfPlanted, walkClasses } from '../../helpers/internals/twin-heap-walk.js'
import { thorough } from '../../helpers/thorough.js'
import type { WalkOfCompiled } from './fixtures/compiled.js'
import type { PeakOfWalk } from './fixtures/peak.js'
import type { Reached } from './fixtures/reached.js'
import type { RandomGraph } from './fixtures/random-graph.js'

const MIB = 1024 * 1024

/** Other binaries of Node on which V8's snapshot is the oracle, too, separated by colons. */
const OTHER_NODES = (process.env['OTHER_NODES'] ?? '').split(':').filter(Boolean)

const whereOf = (node: string): string => (node === process.execPath ? '' : ` by ${node}`)

describe('the walk of the heap', () => {
  for (const node of [process.execPath, ...OTHER_NODES]) {
    for (const [seed, worker] of [
      ['1', 'no'],
      ['7', 'yes'],
      ['11', 'no'],
    ] as const) {
      // On another V8 there is no smaller case.
      const test = seed === '11' || (seed === '1' && node === process.execPath) ? thorough : it
      test(`finds what V8's own snapshot finds, to the byte (seed ${seed}, busy worker: ${worker})${whereOf(node)}`, async function () {
        this.timeout(120_000)
        const { reason, differing, owners, retainedBytes } = await runFixture<RandomGraph>(
          'twin/heap-walk/fixtures/random-graph',
          { args: [seed, worker], node, env: { NODE_V8_COVERAGE: undefined }, timeoutMs: 110_000 },
        )
        expect(reason).to.equal(null)
        expect(owners).to.equal(200)
        expect(retainedBytes).to.be.greaterThan(200_000)
        expect(differing).to.deep.equal([])
      })
    }

    it(`meets compiled code, however V8 keeps it${whereOf(node)}`, async function () {
      this.timeout(60_000)
      const { reason, metBytes, heapBytes, codeBytes } = await runFixture<WalkOfCompiled>(
        'twin/heap-walk/fixtures/compiled',
        { node, env: { NODE_V8_COVERAGE: undefined }, timeoutMs: 55_000 },
      )
      expect(reason).to.equal(null)
      expect(metBytes).to.be.closeTo(heapBytes, 0.01 * heapBytes + MIB / 4)
      expect(codeBytes).to.be.greaterThan(2 * MIB)
    })
  }

  for (const records of [300_000, 900_000]) {
    const test = records === 300_000 ? it : thorough
    test(`takes less memory than a heap of ${String(records)} records, whose strings and numbers it counts all the same`, async function () {
      this.timeout(60_000)
      const { method, heapBytes, addedBytes, strings, numbers } = await runFixture<PeakOfWalk>(
        'twin/heap-walk/fixtures/peak',
        { args: [String(records)], timeoutMs: 55_000 },
      )
      expect(method).to.equal('heap walk')
      expect(heapBytes).to.be.greaterThan((records / 6000) * MIB)
      expect(addedBytes).to.be.lessThan(0.8 * heapBytes)
      expect(strings).to.be.at.least(2 * records)
      expect(numbers).to.be.at.least(records)
    })
  }

  it('tells instances of a subclass by it, what they retain past compiled code, and how the largest is reached', async () => {
    const { histogram, text } = await runFixture<Reached>('twin/heap-walk/fixtures/reached')
    const bus = histogram.classes.find(({ className }) => className === 'Bus')
    expect(bus?.count).to.equal(1)
    expect(bus?.retainedBytes).to.be.within(3000 * 5000, 3000 * 6000)
    expect(bus?.largest).to.include({ path: 'bus', retainedBytes: bus?.retainedBytes })
    expect(bus?.largest?.script).to.match(/reached\.js$/)
    expect(text).to.match(/^Bus +1 .* reached\.js › bus$/m)
    expect(text).to.not.match(/synthetic|^\(|^system \//m)
    const { classes, engine = [], others, total } = histogram
    const listed = [...classes, ...engine, others]
    expect(listed.reduce((sum, { shallowBytes }) => sum + shallowBytes, 0)).to.equal(total.shallowBytes)
    expect(listed.reduce((sum, { count }) => sum + count, 0)).to.equal(total.nodes)
    const strings = histogram.engine?.find(({ what }) => what === 'strings')
    expect(strings?.largest?.retainedBytes).to.be.within(3_000_000, 3_000_100)
    expect(strings?.largest?.path).to.equal('text[*]')
  })

  it('is made in a twin alone', () => {
    const collector = { major: () => undefined, minor: () => undefined }
    expect(() => walkClasses({ collector })).to.throw(TypeError, 'in a twin')
  })

  it('is not made where garbage would be counted', () => {
    expect(walkClasses({ collector: null })).to.deep.equal({
      reason: 'V8 gives no collector, and garbage would be counted',
    })
  })
})

describe('doubtOfSize()', () => {
  it('trusts a walk that met what V8 counts', () => {
    expect(doubtOfSize(100 * MIB, 101 * MIB)).to.equal(null)
  })

  it('doubts one that missed a part of the heap, or met more than there is', () => {
    expect(doubtOfSize(90 * MIB, 100 * MIB)).to.match(/90\.00 MiB of the 100\.0 MiB that V8 counts/)
    expect(doubtOfSize(110 * MIB, 100 * MIB)).to.be.a('string')
  })
})

describe('doubtOfPlanted()', () => {
  it('doubts a walk that did not find what a planted object retains', () => {
    expect(doubtOfPlanted(2200)).to.equal(null)
    expect(doubtOfPlanted(-1)).to.be.a('string')
    expect(doubtOfPlanted(200)).to.be.a('string')
    expect(doubtOfPlanted(4000)).to.be.a('string')
  })
})
