/** Readings and reports out of literals. */
import type { Figures } from '../helpers/internals/measure.js'
import type { MemorySample, AttributionReport, CacheAttribution } from '../../src/index.js'
import type { MeasuredRun, MeasuredCache, Measurement } from '../helpers/internals/report.js'

export function figures(allocatedBytes: number | null, heapBytes: number): Figures {
  return { allocatedBytes, heapBytes, mappedBytes: null }
}

/** A sample with these figures. */
export function sample(allocatedBytes: number | null, heapUsedBytes: number): MemorySample {
  return {
    epoch: allocatedBytes === null ? null : 7,
    allocatedBytes,
    rawAllocatedBytes: allocatedBytes,
    tcacheBytes: allocatedBytes === null ? null : 0,
    overcountBytes: allocatedBytes === null ? null : 0,
    activeBytes: allocatedBytes === null ? null : allocatedBytes + 4096,
    residentBytes: null,
    retainedBytes: null,
    allocatorMappedBytes: null,
    metadataBytes: null,
    heapUsedBytes,
    mappedBytes: null,
    heapTotalBytes: 80e6,
    externalBytes: 1e6,
    arrayBuffersBytes: 1e6,
    rssBytes: 160e6,
    takenAt: '2026-01-01T00:00:00.000Z',
  }
}

/** The head of a report. */
export function head(before: MemorySample, after: MemorySample): MeasuredRun['head'] {
  return {
    id: '0f0e0d0c-0000-4000-8000-000000000000',
    trigger: 'call',
    mode: 'release',
    gc: 'forced',
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 1234.5,
    process: {
      pid: 42,
      nodeVersion: 'v20.0.0',
      allocator: { name: 'jemalloc', version: '5.3.0-0-g54eaed1d', statistic: 'stats.allocated', binding: 'addon' },
    },
    before,
    after,
    pauses: { count: 3, longestMs: 81, totalMs: 200 },
  }
}

/** A measured cache, released atomically unless told otherwise. */
export function measured(
  name: string,
  measurement: Measurement,
  rest: Partial<Omit<MeasuredCache, 'name' | 'measurement'>> = {},
): MeasuredCache {
  return {
    name,
    status: measurement.kind === 'none' ? 'skipped' : 'released',
    measurement,
    controls: [],
    entriesBefore: 10,
    entriesAfter: 0,
    claimedBytes: null,
    settled: true,
    pauseMs: 80,
    durationMs: 90,
    ...rest,
  }
}

/** An atomic window in which so much came back. */
export function atomic(allocated: number | null, heap: number): Measurement {
  return { kind: 'atomic', before: figures(allocated, heap), after: figures(allocated === null ? null : 0, 0) }
}

/** A row of a report. */
export function row(name: string, totalBytes: number | null, rest: Partial<CacheAttribution> = {}): CacheAttribution {
  return {
    name,
    status: 'released',
    released: { allocatedBytes: totalBytes, heapBytes: totalBytes === null ? null : 0, mappedBytes: null, totalBytes },
    uncertaintyBytes: 8192,
    uncertainty: { allocatedBytes: 8192, heapBytes: 16384, mappedBytes: null },
    significant: Math.abs(totalBytes ?? 0) > 8192,
    entriesBefore: 100,
    entriesAfter: 0,
    claimedBytes: null,
    window: 'atomic',
    settled: true,
    pauseMs: 81.2,
    durationMs: 90,
    ...rest,
  }
}

/** A report with these rows. */
export function report(caches: readonly CacheAttribution[], rest: Partial<AttributionReport> = {}): AttributionReport {
  return {
    schemaVersion: 1,
    ...head(sample(200e6, 60e6), sample(90e6, 30e6)),
    noise: { controls: 4, allocatedBytes: 8192, heapBytes: 16384, mappedBytes: null },
    caches,
    unattributed: { allocatedBytes: -512, heapBytes: 2048, mappedBytes: null },
    floor: { allocatedBytes: 90e6, heapBytes: 30e6, mappedBytes: null },
    warnings: [],
    ...rest,
  }
}
