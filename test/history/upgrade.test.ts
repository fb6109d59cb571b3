/** Reports and observations that were written before mapped bytes were measured. */
import { expect } from 'chai'
import { SeriesStore, upgradeRecord, upgradeReport } from '../helpers/internals/history.js'
import type { HistoryRecord } from '../../src/history/index.js'
import type { AttributionReport } from '../../src/index.js'
import { report, row } from '../report/reports.js'

const STATS_MAPPED = 230e6

/** As version 0.1.0 wrote it: no third quantity, and `mappedBytes` of a sample was jemalloc's `stats.mapped`. */
function old(): AttributionReport {
  const text = JSON.stringify(report([row('users', 5e6)]), (key: string, value: unknown) =>
    key === 'mappedBytes' ? undefined : key === 'allocatorMappedBytes' ? undefined : value,
  )
  const parsed = JSON.parse(text) as { before: object; after: object }
  for (const sample of [parsed.before, parsed.after]) Object.assign(sample, { mappedBytes: STATS_MAPPED })
  return parsed as unknown as AttributionReport
}

describe('a report of an earlier version', () => {
  it('knows nothing of mapped bytes, and its stats.mapped under the name it has now', () => {
    const { before, after, floor, noise, unattributed, caches } = upgradeReport(old())
    for (const sample of [before, after]) {
      expect(sample).to.include({ mappedBytes: null, allocatorMappedBytes: STATS_MAPPED })
    }
    for (const part of [floor, noise, unattributed, caches[0]?.released, caches[0]?.uncertainty]) {
      expect(part?.mappedBytes).to.equal(null)
    }
  })

  it('is left as it is where it has them', () => {
    const current = report([row('users', 5e6)])
    expect(upgradeReport(current)).to.equal(current)
  })

  it('gives the same floor as before, and no series of mapped bytes', () => {
    const record = (hours: number): HistoryRecord => ({
      kind: 'report',
      at: new Date(hours * 3_600_000).toISOString(),
      upMs: hours * 3_600_000,
      lifetime: 'one',
      report: old(),
    })
    const series = new SeriesStore()
    for (let hours = 0; hours < 3; hours++) series.add(upgradeRecord(record(hours)))
    const { floor } = series.inputs()
    expect(floor.total.measured[0]?.bytes).to.deep.equal([120e6, 120e6, 120e6])
    expect(floor.mapped.measured).to.deep.equal([])
  })

  it('of observations as well', () => {
    const observation = { sample: old().before, caches: [] }
    const head = { at: '2026-01-01T00:00:00.000Z', upMs: 0, lifetime: 'one' }
    const upgraded = upgradeRecord({ ...head, kind: 'observation', observation })
    expect(upgraded.kind === 'observation' ? upgraded.observation.sample : {}).to.include({
      mappedBytes: null,
      allocatorMappedBytes: STATS_MAPPED,
    })
  })
})
