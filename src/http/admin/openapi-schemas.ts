/** The schemas of openapi.ts: what routes give, and what parameters take. */
import { ATTRIBUTION_MODES } from '../../report/types.js'
import { PROBLEM_SCHEMA } from '../server/openapi-document.js'
import type { OpenApiPart } from '../server/openapi-document.js'

const string: OpenApiPart = { type: 'string' }
const integer: OpenApiPart = { type: 'integer' }
const number: OpenApiPart = { type: 'number' }
const boolean: OpenApiPart = { type: 'boolean' }
/** Bytes or counts that may be unknown. */
const maybe: OpenApiPart = { type: ['number', 'null'] }
const when: OpenApiPart = { type: 'string', format: 'date-time' }
const mode: OpenApiPart = { enum: ATTRIBUTION_MODES }

/** Every property is always there, unless `optional` names it; further ones may come. */
function object(properties: OpenApiPart, optional: readonly string[] = []): OpenApiPart {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) }
}

function arrayOf(items: OpenApiPart): OpenApiPart {
  return { type: 'array', items }
}

function ref(name: string): OpenApiPart {
  return { $ref: `#/components/schemas/${name}` }
}

function orNull(schema: OpenApiPart): OpenApiPart {
  return { oneOf: [schema, { type: 'null' }] }
}

const attributed = object({ allocatedBytes: maybe, heapBytes: maybe, mappedBytes: maybe, totalBytes: maybe })
const floor = object({ allocatedBytes: maybe, heapBytes: number, mappedBytes: maybe })
const returned = orNull(object({ residentBytes: number, uncertaintyBytes: maybe }))
const graphBytes = object({ heapBytes: number, memoryBytes: number, totalBytes: number })
const classRow: OpenApiPart = {
  className: string,
  count: integer,
  shallowBytes: number,
  retainedBytes: maybe,
  largest: {
    type: ['object', 'null'],
    properties: { retainedBytes: number, path: { type: ['string', 'null'] }, script: { type: ['string', 'null'] } },
  },
}
const lastMeasured = object({
  allocatedBytes: maybe,
  heapBytes: maybe,
  mappedBytes: maybe,
  totalBytes: maybe,
  uncertaintyBytes: maybe,
  reportId: string,
  measuredAt: when,
})
const ofCache: OpenApiPart = {
  name: string,
  entries: maybe,
  claimedBytes: maybe,
  estimatedBytes: maybe,
  estimatedUncertaintyBytes: maybe,
  calibrationAgeMs: maybe,
  lastMeasured: orNull(lastMeasured),
}
const status: OpenApiPart = {
  process: object({
    ...{ pid: integer, nodeVersion: string, uptimeSeconds: integer, title: string },
    ...{ package: { type: ['string', 'null'] }, host: string, memoryLimitBytes: maybe },
    ...{ workerThreads: integer, clusterWorkers: integer },
  }),
  allocator: object({ name: string, version: { type: ['string', 'null'] } }),
  twin: object({ supported: boolean, reason: { type: ['string', 'null'] } }),
  run: orNull(object({ id: string, mode: string, startedAt: when })),
  role: { enum: ['read-only', 'operator'] },
  coolDownRemainingMs: number,
  modes: arrayOf(mode),
  hasHistory: boolean,
  lastLife: orNull(object({ endedAt: when, headline: arrayOf(string) })),
  links: arrayOf(object({ title: string, href: { type: 'string', format: 'uri-reference' } })),
}
const row: OpenApiPart = {
  name: string,
  status: { enum: ['released', 'trimmed', 'failed', 'timed-out', 'skipped'] },
  released: attributed,
  estimated: attributed,
  estimatedUncertaintyBytes: maybe,
  returned,
  uncertaintyBytes: maybe,
  significant: boolean,
  entriesBefore: maybe,
  claimedBytes: maybe,
}
const OF_MODES = ['estimated', 'estimatedUncertaintyBytes', 'returned']
const report: OpenApiPart = { id: string, mode, trigger: string, startedAt: when, durationMs: number, floor }
const slope = object({ bytesPerHour: number, lowBytesPerHour: number, highBytesPerHour: number })
const trend: OpenApiPart = {
  verdict: { enum: ['stable', 'saturating', 'growing', 'unbounded', 'unknown'] },
  evidence: string,
  slope: orNull(slope),
  line: orNull(object({ from: when, to: when, fromBytes: number, toBytes: number })),
  significance: maybe,
  lastBytes: maybe,
  readings: integer,
  lifetimes: integer,
  spanHours: number,
  basis: { enum: ['measured', 'estimated', 'claimed'] },
}
const maybeWhen = orNull(when)
const warning = object({ code: string, message: string, cache: string }, ['cache'])
const error = object({ code: string, message: string, signal: string }, ['signal'])

/** Under `components.schemas`. */
export const SCHEMAS: OpenApiPart = {
  Problem: PROBLEM_SCHEMA,
  Cache: object({
    ...ofCache,
    traits: object({
      refillCost: { enum: ['low', 'medium', 'high'] },
      lossless: boolean,
      twin: boolean,
      live: boolean,
      trim: boolean,
    }),
    href: { type: 'string', format: 'uri-reference' },
  }),
  Caches: object({ caches: arrayOf(ref('Cache')) }),
  Status: object(status),
  Overview: object({
    ...status,
    sample: ref('MemorySample'),
    caches: arrayOf(ref('Cache')),
    lastReport: orNull(ref('ReportSummary')),
  }),
  Observation: object({
    sample: ref('MemorySample'),
    caches: arrayOf(object({ ...ofCache, calibration: { type: ['object', 'null'] } })),
  }),
  MemoryNode: object({ name: string, bytes: integer, children: arrayOf(ref('MemoryNode')), note: string }, [
    'children',
    'note',
  ]),
  MemorySample: object({
    epoch: maybe,
    allocatedBytes: maybe,
    rawAllocatedBytes: maybe,
    tcacheBytes: maybe,
    overcountBytes: maybe,
    activeBytes: maybe,
    residentBytes: maybe,
    retainedBytes: maybe,
    allocatorMappedBytes: maybe,
    metadataBytes: maybe,
    heapUsedBytes: number,
    mappedBytes: maybe,
    heapTotalBytes: number,
    externalBytes: number,
    arrayBuffersBytes: number,
    rssBytes: number,
    takenAt: when,
  }),
  Trends: object({
    caches: arrayOf(object({ name: string, trend: object(trend) })),
    floor: object({
      ...trend,
      allocated: orNull(object(trend)),
      heap: orNull(object(trend)),
      mapped: orNull(object(trend)),
    }),
    forecast: orNull(
      object({
        limitBytes: number,
        limitSource: { enum: ['cgroup', 'configured'] },
        usedBytes: number,
        slope,
        at: maybeWhen,
        earliest: maybeWhen,
        latest: maybeWhen,
      }),
    ),
  }),
  ReportSummary: object({
    ...{ ...report, pid: integer, caches: arrayOf(object(row, OF_MODES)) },
    owners: arrayOf(object({ key: string, name: string, bytes: number })),
  }),
  Reports: object({ reports: arrayOf(ref('ReportSummary')) }),
  AttributionReport: object(
    {
      schemaVersion: { const: 1 },
      ...report,
      gc: { enum: ['forced', 'natural', 'none'] },
      process: { type: 'object' },
      before: ref('MemorySample'),
      after: ref('MemorySample'),
      noise: object({ controls: integer, allocatedBytes: maybe, heapBytes: maybe, mappedBytes: maybe }),
      caches: arrayOf(
        object(
          {
            ...row,
            entriesAfter: maybe,
            window: { enum: ['atomic', 'drift-corrected', null] },
            settled: { type: ['boolean', 'null'] },
            pauseMs: number,
            durationMs: number,
            error,
          },
          [...OF_MODES, 'error'],
        ),
      ),
      unattributed: floor,
      pauses: object({ count: integer, longestMs: number, totalMs: number }),
      selfCheck: { type: ['object', 'null'] },
      twin: { type: 'object' },
      workers: arrayOf(
        object({ threadId: integer, name: { type: ['string', 'null'] }, usedBytes: maybe, committedBytes: maybe }),
      ),
      discovery: ref('Discovery'),
      breakdown: orNull(ref('MemoryNode')),
      residual: { type: 'object' },
      warnings: arrayOf(warning),
    },
    ['selfCheck', 'twin', 'workers', 'discovery', 'breakdown', 'residual'],
  ),
  Aborted: object({ id: string }),
  Discovery: object({
    owners: arrayOf(
      object({
        path: { type: ['string', 'null'] },
        script: { type: ['string', 'null'] },
        package: { type: ['string', 'null'] },
        kind: {
          enum: [
            'collection',
            'function',
            'variables',
            'object',
            'listeners',
            'timers',
            'immediates',
            'calls',
            'generators',
            'modules',
            'sockets',
            'requests',
          ],
        },
        site: {
          type: ['object', 'null'],
          properties: { function: { type: ['string', 'null'] }, script: string, line: maybe, count: integer },
        },
        className: string,
        entries: maybe,
        instances: integer,
        released: orNull(attributed),
        uncertaintyBytes: maybe,
        returned,
        disagreement: { type: ['string', 'null'] },
        own: graphBytes,
        retained: graphBytes,
        partOf: maybe,
        cache: { type: ['string', 'null'] },
      }),
    ),
    live: orNull(
      object({
        totalBytes: number,
        heapBytes: number,
        memoryBytes: number,
        usedHeapBytes: number,
        allocatedBytes: maybe,
        ownedBytes: number,
        restBytes: number,
      }),
    ),
    packages: arrayOf(
      object({
        of: { enum: ['application', 'package', 'node', 'library', 'engine'] },
        package: { type: ['string', 'null'] },
        totalBytes: number,
        ownedBytes: number,
        kinds: arrayOf(object({ kind: string, totalBytes: number })),
      }),
    ),
    others: object({ count: integer, totalBytes: number }),
    inFlight: arrayOf(
      object({
        kind: {
          enum: ['timers', 'immediates', 'calls', 'generators', 'promises', 'sockets', 'requests', 'streams'],
        },
        className: string,
        site: orNull(object({ function: { type: ['string', 'null'] }, script: string, line: maybe, count: integer })),
        count: integer,
        retainedBytes: number,
        bufferedBytes: maybe,
      }),
    ),
    noise: { type: 'object' },
    durationMs: object({ walking: number, measuring: number }),
    leastBytes: number,
    warnings: arrayOf(warning),
  }),
  ThreadsReport: object({
    schemaVersion: number,
    pid: number,
    startedAt: string,
    durationMs: number,
    rssBytes: number,
    threads: arrayOf({ type: 'object' }),
    caches: arrayOf({ type: 'object' }),
  }),
  FleetReport: object({
    schemaVersion: number,
    startedAt: string,
    durationMs: number,
    mode,
    stopped: orNull(object({ code: string, message: string })),
    replicas: arrayOf({ type: 'object' }),
    caches: arrayOf({ type: 'object' }),
    owners: arrayOf({ type: 'object' }),
  }),
  ClassHistogram: object({
    method: { enum: ['heap walk', 'heap snapshot'] },
    reason: { type: ['string', 'null'] },
    classes: arrayOf(object(classRow)),
    engine: arrayOf(object({ ...classRow, what: string })),
    others: { type: 'object' },
    total: { type: 'object' },
  }),
}
