import { expect } from 'chai'
import { groupsPerEntry, FleetRows } from '../helpers/internals/fleet.js'
import type { AttributionReport } from '../../src/index.js'
import type { FleetCache } from '../../src/fleet/index.js'
import { expectLinear } from '../helpers/linear.js'

interface Given {
  readonly bytes: number | null
  readonly entries?: number | null
  readonly uncertaintyBytes?: number | null
  readonly status?: string
  readonly name?: string
}

const MIB = 1024 * 1024

/** The report of a replica about a cache, as far as it is read. */
function report({ bytes, entries = null, uncertaintyBytes = 1000, status = 'released', name = 'users' }: Given) {
  const released = { allocatedBytes: bytes, heapBytes: 0, mappedBytes: null, totalBytes: bytes }
  const row = {
    name,
    status,
    released,
    uncertaintyBytes,
    entriesBefore: entries,
    entriesAfter: entries === null ? null : 0,
    claimedBytes: null,
  }
  return { mode: 'twin', caches: [row] } as unknown as AttributionReport
}

function cachesOf(given: readonly (Given & { readonly labels?: Readonly<Record<string, string>> })[]): FleetCache[] {
  const rows = new FleetRows()
  for (const [index, { labels = {}, ...row }] of given.entries()) rows.add(`pod-${String(index)}`, labels, report(row))
  return rows.caches()
}

describe('rows of replicas, joined', () => {
  it('are the sum, with independent errors, and unknown where one is', () => {
    const [cache] = cachesOf([
      { bytes: 10, uncertaintyBytes: 3 },
      { bytes: 20, uncertaintyBytes: 4 },
      { bytes: 60, uncertaintyBytes: 0 },
    ])
    expect(cache?.sum).to.include({ totalBytes: 90, uncertaintyBytes: 5, mappedBytes: null, entries: null })
    expect(cache?.median).to.deep.equal({ totalBytes: 20 })
    expect(cache?.least).to.deep.equal({ replica: 'pod-0', totalBytes: 10 })
    expect(cache?.most).to.deep.equal({ replica: 'pod-2', totalBytes: 60 })
    const [unknown] = cachesOf([{ bytes: 10 }, { bytes: 20, uncertaintyBytes: null }])
    expect(unknown?.sum).to.include({ totalBytes: 30, uncertaintyBytes: null })
  })

  it('count replicas that did not measure it apart, by what became of it', () => {
    const [cache] = cachesOf([{ bytes: 10 }, { bytes: null, status: 'skipped' }, { bytes: 5, status: 'failed' }])
    expect(cache).to.deep.include({ replicas: 1, unmeasured: { skipped: 1, failed: 1 } })
    expect(cachesOf([{ bytes: null, status: 'skipped' }])[0]).to.include({
      replicas: 0,
      median: null,
      least: null,
      perEntry: null,
    })
  })

  it('are outliers only far beyond what the others differ by, and never of two', () => {
    const near = [10, 11, 12, 13, 14].map((mib) => ({ bytes: mib * MIB }))
    expect(cachesOf(near)[0]?.outliers).to.deep.equal([])
    const [far] = cachesOf([...near, { bytes: 60 * MIB }])
    expect(far?.outliers.map(({ replica, timesMedian }) => [replica, timesMedian])).to.deep.equal([
      ['pod-5', 60 / 12.5],
    ])
    expect(cachesOf([{ bytes: MIB }, { bytes: 100 * MIB }])[0]?.outliers).to.deep.equal([])
    // A row that is known to no better than that is not accused.
    const [unsure] = cachesOf([...near, { bytes: 60 * MIB, uncertaintyBytes: 50 * MIB }])
    expect(unsure?.outliers).to.deep.equal([])
  })

  it('differ by a label only beyond their errors', () => {
    const of = (version: string, perEntry: number, entries: number) => ({
      bytes: perEntry * entries,
      entries,
      labels: { version },
    })
    const [apart] = cachesOf([of('1', 100, 1000), of('1', 102, 2000), of('2', 150, 1000), of('2', 148, 3000)])
    expect(apart?.differences).to.have.length(1)
    const [
      { value, against, bytesPerEntry, uncertaintyBytes } = {
        value: '',
        against: '',
        bytesPerEntry: 0,
        uncertaintyBytes: 0,
      },
    ] = apart?.differences ?? []
    expect([value, against]).to.deep.equal(['2', '1'])
    expect(bytesPerEntry).to.be.closeTo(148.5 - 101.33, 0.1)
    expect(uncertaintyBytes).to.be.within(1, 20)
    // Replicas of one version differ by as much.
    const [alike] = cachesOf([of('1', 100, 1000), of('1', 150, 1000), of('2', 150, 1000), of('2', 110, 1000)])
    expect(alike?.differences).to.deep.equal([])
    expect(alike?.labels['version']?.map((group) => [group.value, group.replicas])).to.deep.equal([
      ['1', 2],
      ['2', 2],
    ])
  })

  it('take time in proportion to replicas', async () => {
    const given = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        bytes: MIB + index,
        entries: 100,
        labels: { version: String(index % 3) },
      }))
    await expectLinear(given, (replicas) => expect(cachesOf(replicas)[0]?.replicas).to.equal(replicas.length), 5000)
  })
})

describe('bytes of an entry', () => {
  it('have an error that holds the truth in 95 of 100', () => {
    let seed = 7
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
    // The sum of twelve is nearly normal.
    const normal = (): number => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6)
    let held = 0
    for (let trial = 0; trial < 1000; trial++) {
      const groups = [100, 130].map((truth) =>
        Array.from({ length: 5 }, () => {
          const entries = Math.round(500 + 4000 * random())
          return { entries, totalBytes: entries * (truth + (50 * normal()) / Math.sqrt(entries)), uncertaintyBytes: 1 }
        }),
      )
      const [first] = groupsPerEntry(groups)
      if (Math.abs((first?.bytesPerEntry ?? 0) - 100) <= (first?.uncertaintyBytes ?? 0)) held++
    }
    expect(held).to.be.within(930, 970)
  })

  it('are unknown where nothing is counted', () => {
    expect(
      groupsPerEntry([
        [{ entries: null, totalBytes: 5, uncertaintyBytes: 1 }],
        [{ entries: 0, totalBytes: 5, uncertaintyBytes: 1 }],
      ]),
    ).to.deep.equal([null, null])
  })

  it('have the error of the rows where there is one replica of each', () => {
    const [one, other] = groupsPerEntry([
      [{ entries: 100, totalBytes: 1000, uncertaintyBytes: 50 }],
      [{ entries: 100, totalBytes: 1000, uncertaintyBytes: null }],
    ])
    expect(one).to.deep.equal({ bytesPerEntry: 10, uncertaintyBytes: 0.5 })
    expect(other?.uncertaintyBytes).to.equal(null)
  })
})
