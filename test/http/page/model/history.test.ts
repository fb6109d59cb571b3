import { expect } from 'chai'
import { historyOf } from '../../../helpers/internals/http-page-model.js'
import { reportOf, summaryOf } from '../fixtures/fake-data.js'

const first = summaryOf(reportOf({ id: 'a', startedAt: '2026-11-24T10:00:00Z', growth: 0.5 }))
const second = summaryOf(reportOf({ id: 'b', startedAt: '2026-11-24T11:00:00Z' }))

describe('the history', () => {
  it('is ordered by time, whatever the order of the reports', () => {
    const { times } = historyOf([second, first])
    expect(times).to.deep.equal([Date.parse(first.startedAt) / 1000, Date.parse(second.startedAt) / 1000])
  })

  it('has a line for each cache, the largest now first, and one for the floor', () => {
    const { caches, floor } = historyOf([first, second])
    expect(caches[0]?.name).to.equal('compressed')
    expect(caches).to.have.length(7)
    expect(floor.values).to.have.length(2)
    expect(floor.lastBytes).to.be.greaterThan(36 * 1024 * 1024)
  })

  it('has a gap where a cache was not there, skipped, or failed', () => {
    const failed = { ...second, caches: second.caches.map((row) => ({ ...row, status: 'failed' as const })) }
    const line = historyOf([first, failed]).caches.find(({ name }) => name === 'files')
    expect(line?.values[1]).to.equal(null)
    expect(line?.lastBytes).to.equal(line?.values[0])
    expect(historyOf([{ ...first, caches: [] }, second]).caches[0]?.values[0]).to.equal(null)
  })

  it('is broken between two processes', () => {
    const { times, floor } = historyOf([first, { ...second, pid: 9 }])
    expect(times).to.have.length(3)
    expect(floor.values[1]).to.equal(null)
    expect(floor.lastBytes).to.equal(floor.values[2])
  })
})
