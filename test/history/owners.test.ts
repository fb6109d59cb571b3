import { expect } from 'chai'
import { formatReport, headline } from '../../src/index.js'
import type { Discovery, Owner } from '../../src/twin/index.js'
import { trendsText } from '../helpers/internals/report-trends.js'
import type { AttributionReport } from '../../src/index.js'
import { report, row } from '../report/reports.js'
import { FakeClock, historyFolders, linesIn, openHistory } from './folder.js'
import { ownerOf as owner } from '../report/owners.js'

const HOUR = 3_600_000
const MIB = 1024 * 1024

function discovered(owners: readonly Owner[]): Discovery {
  return {
    owners,
    live: { totalBytes: 900 * MIB, ownedBytes: 900 * MIB, restBytes: 0 },
    others: { count: 0, totalBytes: 0 },
    noise: { allocatedBytes: 0, heapBytes: 0, mappedBytes: null },
    durationMs: { walking: 1, measuring: 1 },
    warnings: [],
  }
}

describe('owners in a history', () => {
  const folderOf = historyFolders()

  /** One observation an hour: `byId` grows by 12 MiB, `routes` does not, what has no path doubles. */
  function at(hour: number, startedAt: Date): AttributionReport {
    const owners = [
      owner('UserStore.byId', (40 + 12 * hour) * MIB + (hour % 3) * 1000),
      owner('routes', 20 * MIB + (hour % 2) * 500),
      owner(null, 2 ** (hour % 10) * MIB),
      owner('users', 30 * MIB, { cache: 'users' }),
    ]
    return report([row('users', 30 * MIB)], { discovery: discovered(owners), startedAt: startedAt.toISOString() })
  }

  async function fill(folder: string, clock: FakeClock, from: number, to: number): Promise<AttributionReport> {
    const { history } = await openHistory(folder, { clock })
    for (let hour = from; hour < to; hour++) {
      clock.pass(HOUR)
      await history.append(at(hour, clock.date()))
    }
    const last = await history.withTrends(at(to - 1, clock.date()))
    await history.close()
    return last
  }

  it('are followed by their path: what grows is told with its rate, what does not is stable', async () => {
    const last = await fill(folderOf(), new FakeClock(), 0, 60)
    const [byId, routes, nameless, users] = last.discovery?.owners ?? []
    expect(byId?.growth?.verdict).to.be.oneOf(['growing', 'unbounded'])
    expect(byId?.growth?.slope?.bytesPerHour).to.be.closeTo(12 * MIB, 1e4)
    expect(routes?.growth?.verdict).to.equal('stable')
    // Nobody in particular, and what has a row of its own.
    expect(nameless?.growth).to.equal(undefined)
    expect(users?.growth).to.equal(undefined)
  })

  it('are followed over a restart', async () => {
    const [folder, clock] = [folderOf(), new FakeClock()]
    await fill(folder, clock, 0, 30)
    const last = await fill(folder, clock, 30, 60)
    const growth = last.discovery?.owners[0]?.growth
    expect(growth?.lifetimes).to.equal(2)
    expect(growth?.verdict).to.be.oneOf(['growing', 'unbounded'])
  })

  it('are told by the report, the headline and the text of the trends, and not kept with what was computed', async () => {
    const [folder, clock] = [folderOf(), new FakeClock()]
    const last = await fill(folder, clock, 0, 60)
    expect(formatReport(last, { color: false })).to.match(/UserStore\.byId.*(?:growing|unbounded) \+12\.00 MiB\/h/)
    expect(headline(last).join(' ')).to.contain('server.js › UserStore.byId: Map(1,000) grows by 12.00 MiB/h')
    const { history } = await openHistory(folder, { clock })
    expect(trendsText(await history.trends())).to.match(/^server\.js › UserStore\.byId: (?:growing|unbounded)/m)
    await history.append(last)
    await history.close()
    const text = linesIn(folder)
      .flatMap(({ lines }) => lines)
      .join('\n')
    expect(text).not.to.contain('"growth"')
  })

  it('of another version, or no owners at all, cost nothing but themselves', async () => {
    const { history, warnings } = await openHistory(folderOf())
    for (const owners of [null, 'x', [null], [7], [{ path: 1 }], [{ path: 'a', className: 'Map', script: null }]]) {
      const strange = { ...discovered([]), owners } as unknown as Discovery
      expect(await history.append(report([], { discovery: strange }))).to.equal(true)
    }
    expect((await history.trends()).owners).to.deep.equal([])
    expect(warnings).to.deep.equal([])
    await history.close()
  })

  it('are at most 500: those that were not seen for longest go', async () => {
    const clock = new FakeClock()
    const { history } = await openHistory(folderOf(), { clock })
    for (let time = 0; time < 12; time++) {
      clock.pass(HOUR)
      const owners = Array.from({ length: 100 }, (_, index) => owner(`of${time % 8}.n${index}`, MIB))
      await history.append(report([], { discovery: discovered(owners) }))
    }
    const { owners } = await history.trends()
    expect(owners).to.have.length(500)
    expect(owners.some(({ path }) => path.startsWith('of3.'))).to.equal(true)
    expect(owners.some(({ path }) => path.startsWith('of7.'))).to.equal(true)
    expect(owners.some(({ path }) => path.startsWith('of4.') && path.endsWith('n0'))).to.equal(false)
    await history.close()
  })
})
