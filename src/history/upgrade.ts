/**
 * Reports and observations as earlier versions wrote them, in today's form.
 *
 * Rule: what an earlier version did not measure is null. Their samples used the name `mappedBytes` for jemalloc's
 * `stats.mapped`, which is `allocatorMappedBytes` now.
 */
import type { AttributionReport, CacheAttribution } from '../report/types.js'
import type { HistoryObservation, HistoryRecord } from './types.js'

type MemorySample = AttributionReport['before']

/** A record in today's form; the same object where it is one already. */
export function upgradeRecord(record: HistoryRecord): HistoryRecord {
  if (record.kind === 'report') return { ...record, report: upgradeReport(record.report) }
  if (record.kind === 'observation') return { ...record, observation: upgradeObservation(record.observation) }
  return record
}

/** A report in today's form; the same object where it is one already. */
export function upgradeReport(report: AttributionReport): AttributionReport {
  if (isCurrent(report.before)) return report
  const { before, after, floor, unattributed, noise, caches, twin } = report
  return {
    ...report,
    before: upgradeSample(before),
    ...(hasMembers(after) ? { after: upgradeSample(after) } : {}),
    ...(hasMembers(noise) ? { noise: { ...noise, mappedBytes: null } } : {}),
    ...(hasMembers(unattributed) ? { unattributed: { ...unattributed, mappedBytes: null } } : {}),
    ...(hasMembers(floor) ? { floor: { ...floor, mappedBytes: null } } : {}),
    ...(hasMembers(twin) ? { twin: { ...twin, before: upgradeSample(twin.before) } } : {}),
    caches: caches.map(upgradeRow),
  }
}

function upgradeObservation(observation: HistoryObservation): HistoryObservation {
  return isCurrent(observation.sample) ? observation : { ...observation, sample: upgradeSample(observation.sample) }
}

function upgradeSample(sample: MemorySample): MemorySample {
  if (!hasMembers(sample) || isCurrent(sample)) return sample
  return { ...sample, allocatorMappedBytes: sample.mappedBytes, mappedBytes: null }
}

function upgradeRow(row: CacheAttribution): CacheAttribution {
  const { released, uncertainty, estimated, firstTurn, late } = row
  return {
    ...row,
    ...(hasMembers(released) ? { released: { ...released, mappedBytes: null } } : {}),
    ...(hasMembers(uncertainty) ? { uncertainty: { ...uncertainty, mappedBytes: null } } : {}),
    ...(hasMembers(estimated) ? { estimated: { ...estimated, mappedBytes: null } } : {}),
    ...(hasMembers(firstTurn) ? { firstTurn: { ...firstTurn, mappedBytes: null } } : {}),
    ...(hasMembers(late) ? { late: { ...late, mappedBytes: null } } : {}),
  }
}

function isCurrent(sample: MemorySample): boolean {
  return 'allocatorMappedBytes' in sample
}

/** A line of a file may lack anything. */
function hasMembers<Value extends object>(value: Value | undefined): value is Value {
  return typeof value === 'object' && (value as unknown) !== null
}
