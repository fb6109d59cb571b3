/** The last reports, in memory: as JSON, which takes a fraction of what their objects do, and bounded in count and bytes. */
import { ownerSizes } from '../../report/discovery/owner-sizes.js'
import type { AttributedBytes, AttributionReport, CacheAttribution } from '../../report/types.js'
import { encodeJson } from '../server/respond.js'
import type { ReportSummary, ReportSummaryRow } from './types.js'

/** A kept report. */
export interface KeptReport {
  readonly id: string
  readonly json: Uint8Array<ArrayBuffer>
}

const BYTES_MAX = 32 * 1024 * 1024

/** Keeps the latest reports, up to a number. */
export class ReportStore {
  readonly #countMax: number
  readonly #bytesMax: number
  #kept: readonly KeptReport[] = []

  constructor(countMax: number, bytesMax = BYTES_MAX) {
    this.#countMax = countMax
    this.#bytesMax = bytesMax
  }

  /** Takes a report up; the oldest go. The last one stays whatever its size. */
  keep(report: AttributionReport): void {
    if (this.#countMax === 0) return
    const kept = [...this.#kept, { id: report.id, json: reportJson(report) }].slice(-this.#countMax)
    let bytes = kept.reduce((sum, { json }) => sum + json.length, 0)
    while (bytes > this.#bytesMax && kept.length > 1) bytes -= kept.shift()?.json.length ?? 0
    this.#kept = kept
  }

  /** One, or undefined. */
  get(id: string): KeptReport | undefined {
    return this.#kept.find((report) => report.id === id)
  }

  /** The newest, or undefined. */
  last(): KeptReport | undefined {
    return this.#kept.at(-1)
  }

  /** All of them in short, the newest last. */
  summaries(): ReportSummary[] {
    return this.#kept.map((kept) => summaryOf(readReport(kept)))
  }

  /** Those of `past` that are not among these, then these; cut to the newest. */
  summariesAfter(past: ReportStore): ReportSummary[] {
    const known = new Set(this.#kept.map(({ id }) => id))
    const earlier = past.summaries().filter(({ id }) => !known.has(id))
    return this.#countMax === 0 ? [] : [...earlier, ...this.summaries()].slice(-this.#countMax)
  }
}

/** Many may wait for one run: its report is written once. */
const written = new WeakMap<AttributionReport, Uint8Array<ArrayBuffer>>()

/** The report as the bytes of an answer. */
export function reportJson(report: AttributionReport): Uint8Array<ArrayBuffer> {
  const known = written.get(report)
  if (known !== undefined) return known
  const bytes = encodeJson(report)
  written.set(report, bytes)
  return bytes
}

/** The report of its bytes. */
export function readReport({ json }: KeptReport): AttributionReport {
  return JSON.parse(new TextDecoder().decode(json)) as AttributionReport
}

/** The report in short. */
export function summaryOf(report: AttributionReport): ReportSummary {
  const { id, mode, trigger, startedAt, durationMs, floor, caches, process } = report
  const owners = ownerSizes(report.discovery).map(({ key, name, bytes }) => ({ key, name, bytes }))
  return { id, mode, trigger, startedAt, durationMs, floor, pid: process.pid, caches: caches.map(rowSummary), owners }
}

function rowSummary(row: CacheAttribution): ReportSummaryRow {
  const { name, status, released, uncertaintyBytes, significant, entriesBefore, claimedBytes } = row
  const { estimated, estimatedUncertaintyBytes } = row
  const ofTrim: { estimated?: AttributedBytes; estimatedUncertaintyBytes?: number | null } = {}
  if (estimated !== undefined) ofTrim.estimated = estimated
  if (estimatedUncertaintyBytes !== undefined) ofTrim.estimatedUncertaintyBytes = estimatedUncertaintyBytes
  return { name, status, released, ...ofTrim, uncertaintyBytes, significant, entriesBefore, claimedBytes }
}
