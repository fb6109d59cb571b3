/**
 * The lines of a log: stable fields for machines, one sentence for people. Pure.
 *
 * Rule: a field keeps its name and unit for as long as `schemaVersion` stays; unknown is null.
 */
import type { Observation } from '../coordinator/observe.js'
import { ownerSizes } from '../report/discovery/owner-sizes.js'
import type { AttributionReport } from '../report/types.js'
import { knownBytes, knownSum, wholeOf } from '../report/whole.js'
import { formatBytes, formatMs, printable } from '../support/units.js'
import type { Growth } from './growth.js'
import type { ReportMode } from './options.js'

/** The members of every line. */
interface LineHead {
  readonly schemaVersion: 1
  readonly event: 'memory-report' | 'memory-observation' | 'memory-report-skipped' | 'memory-report-failed'
  readonly mode: ReportMode
  /** The schedule that was due: its interval in milliseconds, or its cron expression. */
  readonly schedule: string
  /** Ticks of the schedule that passed without being noticed: the process was stopped, or blocked for so long. */
  readonly ticksMissed: number
}

/** One cache in a line. */
export interface CacheLine {
  readonly name: string
  /** Measured by this run, else estimated; null where neither is. */
  readonly bytes: number | null
  readonly uncertaintyBytes: number | null
  readonly entries: number | null
  readonly claimedBytes: number | null
  /** Of a run: what became of it. */
  readonly status: string | null
}

/** An owner that nobody registered, in the line of a report with a discovery. */
interface OwnerLine {
  /** `server.js › UserStore.byId` */
  readonly name: string
  readonly bytes: number
  readonly entries: number | null
}

/** The fields of a report or an observation. */
export interface MemoryLine extends LineHead {
  readonly reportId: string | null
  readonly rssBytes: number
  readonly allocatedBytes: number | null
  readonly heapUsedBytes: number
  /** Memory that V8 maps itself: WebAssembly memories, resizable ArrayBuffers; null where it cannot be read. */
  readonly mappedBytes: number | null
  /** Memory that no cache held; null of an observation, which does not say. */
  readonly floorAllocatedBytes: number | null
  readonly floorHeapBytes: number | null
  readonly floorMappedBytes: number | null
  readonly unattributedAllocatedBytes: number | null
  readonly unattributedHeapBytes: number | null
  readonly unattributedMappedBytes: number | null
  readonly durationMs: number | null
  readonly longestPauseMs: number | null
  /** The largest first. */
  readonly caches: readonly CacheLine[]
  /** How many more there are. */
  readonly cachesOmitted: number
  /** Owners that nobody registered, the largest first; none where they were not sought. */
  readonly owners: readonly OwnerLine[]
  readonly growth: readonly Growth[]
  /** Codes of the report's warnings, and of caches that failed. */
  readonly warnings: readonly string[]
  /** With `breakdown`: what is large. */
  readonly diagnosis: string | null
  /** Of a run with a lease: the token that it ran with; a higher one was given later. */
  readonly leaseToken: number | null
}

/** The fields of a tick that did nothing. */
export interface SkippedLine extends LineHead {
  readonly reason: string
  /** Ticks of this schedule in a row. */
  readonly skippedInARow: number
}

/** The fields of a run that failed. */
export interface FailedLine extends LineHead {
  readonly code: string
  readonly message: string
}

/** The tick that a line is about. */
export type Tick = Pick<LineHead, 'mode' | 'schedule' | 'ticksMissed'>

/** The sizes that are judged: of each cache, each owner, and the floor. */
export interface Sized {
  readonly name: string
  readonly bytes: number | null
}

/** Of a report; `growth` is what grows by it. */
export function reportLine(tick: Tick, report: AttributionReport, growth: readonly Growth[], most: number): MemoryLine {
  const { before, floor, unattributed } = report
  const rows = rowsOf(report)
  return {
    schemaVersion: 1,
    event: 'memory-report',
    ...tick,
    reportId: report.id,
    rssBytes: (report.twin?.before ?? before).rssBytes,
    allocatedBytes: before.allocatedBytes,
    heapUsedBytes: before.heapUsedBytes,
    mappedBytes: before.mappedBytes,
    floorAllocatedBytes: floor.allocatedBytes,
    floorHeapBytes: floor.heapBytes,
    floorMappedBytes: floor.mappedBytes,
    unattributedAllocatedBytes: unattributed.allocatedBytes,
    unattributedHeapBytes: unattributed.heapBytes,
    unattributedMappedBytes: unattributed.mappedBytes,
    durationMs: report.durationMs,
    longestPauseMs: report.pauses.longestMs,
    ...largest(rows, most),
    owners: ownerSizes(report.discovery)
      .slice(0, most)
      .map(({ name, bytes, entries }) => ({ name, bytes, entries })),
    growth,
    warnings: [
      ...new Set([
        ...report.warnings.map(({ code }) => code),
        ...report.caches.flatMap(({ error, status }) =>
          error === undefined || status === 'skipped' ? [] : [error.code],
        ),
      ]),
    ],
    diagnosis: report.breakdown?.note ?? null,
    leaseToken: null,
  }
}

/** Of an observation. */
export function observationLine(tick: Tick, seen: Observation, growth: readonly Growth[], most: number): MemoryLine {
  const rows = seen.caches.map((cache) => ({
    name: cache.name,
    bytes: cache.estimatedBytes,
    uncertaintyBytes: cache.estimatedUncertaintyBytes,
    entries: cache.entries,
    claimedBytes: cache.claimedBytes,
    status: null,
  }))
  return {
    schemaVersion: 1,
    event: 'memory-observation',
    ...tick,
    reportId: null,
    rssBytes: seen.sample.rssBytes,
    allocatedBytes: seen.sample.allocatedBytes,
    heapUsedBytes: seen.sample.heapUsedBytes,
    mappedBytes: seen.sample.mappedBytes,
    floorAllocatedBytes: null,
    floorHeapBytes: null,
    floorMappedBytes: null,
    unattributedAllocatedBytes: null,
    unattributedHeapBytes: null,
    unattributedMappedBytes: null,
    durationMs: null,
    longestPauseMs: null,
    ...largest(rows, most),
    owners: [],
    growth,
    warnings: [],
    diagnosis: null,
    leaseToken: null,
  }
}

/** Owners in a sentence; the line has all of them. */
const OWNERS_SAID = 2

/** The sentence of a line. */
export function sentenceOf(line: MemoryLine): string {
  const named = line.caches
    .filter(({ bytes, claimedBytes }) => bytes !== null || claimedBytes !== null)
    .slice(0, 3)
    .map(({ name, bytes, claimedBytes }) =>
      bytes === null
        ? `${printable(name, 40)} claims ${formatBytes(claimedBytes)}`
        : `${printable(name, 40)} ${formatBytes(bytes)}`,
    )
  const floor = (line.floorAllocatedBytes ?? 0) + (line.floorHeapBytes ?? 0) + (line.floorMappedBytes ?? 0)
  const parts = [
    `RSS ${formatBytes(line.rssBytes)}`,
    ...named,
    ...line.owners.slice(0, OWNERS_SAID).map(({ name, bytes }) => `${printable(name, 60)} ${formatBytes(bytes)}`),
    ...(line.floorHeapBytes === null ? [] : [`no cache ${formatBytes(floor)}`]),
    ...(line.durationMs === null ? [] : [`took ${formatMs(line.durationMs)}`]),
    ...line.growth.map(
      ({ name, verdict, bytesPerHour }) =>
        `${printable(name, 60)} is ${verdict}${bytesPerHour === null ? '' : ` by ${formatBytes(bytesPerHour)} an hour`}`,
    ),
  ]
  return `memory, ${line.mode}: ${parts.join(', ')}`
}

/** The sizes by which the rule of thumb judges a report: its rows, its owners, and the floor. */
export function sizesOf(report: AttributionReport): Sized[] {
  return [
    ...rowsOf(report).map(({ name, bytes }) => ({ name: `cache ${name}`, bytes })),
    ...ownerSizes(report.discovery).map(({ name, bytes }) => ({ name: `owner ${name}`, bytes })),
    { name: 'floor', bytes: knownSum(report.floor) },
  ]
}

function rowsOf({ caches, mode }: AttributionReport): CacheLine[] {
  return caches.map((row) => {
    const { bytes, uncertaintyBytes } = wholeOf(row, mode)
    return {
      name: row.name,
      bytes: knownBytes(bytes),
      uncertaintyBytes,
      entries: row.entriesBefore,
      claimedBytes: row.claimedBytes,
      status: row.status,
    }
  })
}

function largest(rows: readonly CacheLine[], most: number): Pick<MemoryLine, 'caches' | 'cachesOmitted'> {
  const size = ({ bytes, claimedBytes }: CacheLine): number => bytes ?? claimedBytes ?? -1
  const caches = rows.toSorted((a, b) => size(b) - size(a)).slice(0, most)
  return { caches, cachesOmitted: rows.length - caches.length }
}
