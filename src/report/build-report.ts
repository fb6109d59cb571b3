/**
 * From windows to the report, pure.
 *
 * Rule: rows + unattributed = before − after, exactly; what is below the noise is said to be; negative numbers stay;
 * unknown is null.
 */
import { byQuantity, difference } from '../measure/figures.js'
import type { ByQuantity, Figures } from '../measure/figures.js'
import { figuresOf } from '../measure/sample.js'
import type { MemorySample } from '../measure/sample.js'
import { claimWarnings } from './claims.js'
import { findLate, lateWarnings } from './late-bytes.js'
import type { LateGap } from './late-bytes.js'
import { otherThreadsWarnings } from './other-threads.js'
import type { Miscounts } from './miscounts.js'
import { pinningWarnings } from './returned.js'
import { orderWarnings, remembered, sharingWarnings } from './sharing.js'
import { explainedBy, ownersOfFloor } from './discovery/explained.js'
import type { EarlierRun } from './sharing.js'
import type { AttributionReport, CacheAttribution } from './types.js'
import type { ReportWarning } from './values.js'
import type { MeasuredCache } from './measured-cache.js'
import { RESOLUTION, noiseOfControls } from './noise.js'
import { buildRow } from './build-row.js'

/** A finished run, as measured. */
export interface MeasuredRun {
  readonly head: Omit<
    AttributionReport,
    'noise' | 'caches' | 'unattributed' | 'floor' | 'explained' | 'schemaVersion' | 'warnings'
  >
  readonly controls: readonly Figures[]
  readonly caches: readonly MeasuredCache[]
  readonly gaps: readonly LateGap[]
  /** The latest runs before it. */
  readonly earlier?: readonly EarlierRun[]
  /** Nothing where every reading is right, as in twins. */
  readonly miscounts?: Miscounts
  readonly warnings: readonly ReportWarning[]
}

const NO_MISCOUNTS: Miscounts = { cachedMostBytes: 0, sampleBytes: null }

/** The report of a run. */
export function buildReport(run: MeasuredRun): AttributionReport {
  const late = findLate(run.gaps)
  const miscounts = run.miscounts ?? NO_MISCOUNTS
  const caches = run.caches.map((cache) => buildRow(cache, late.byCache.get(cache.name), miscounts))
  const uncollected = new Set(run.caches.filter(({ gc }) => gc === 'none').map(({ name }) => name))
  const { before, after, twin } = run.head
  const warnings = [
    ...run.warnings,
    ...lateWarnings(caches, late.shared),
    ...otherThreadsWarnings(run.caches, RESOLUTION.allocatedBytes),
    ...caches.filter(isBlind).map(({ name }) => coldestWarning(name)),
    ...orderWarnings(run.caches.flatMap(repeated)),
    ...pinningWarnings(run.caches.flatMap((cache) => repeated(cache).map((each) => ({ ...each, ...cache.resident })))),
    ...sharingWarnings(remembered({ caches, ...(twin === undefined ? {} : { twin }) }, uncollected), run.earlier ?? []),
  ]
  return {
    schemaVersion: 1,
    ...run.head,
    noise: noiseOfControls(run.controls),
    caches,
    unattributed: unattributed(before, after, caches),
    floor: { ...floor(before, caches), ...ownersOfFloor(run.head.discovery) },
    ...explainedBy(before, caches, run.head.discovery),
    warnings: [...warnings, ...claimWarnings(caches, warnings, uncollected)],
  }
}

/** The changes of a cache in several twins. */
function repeated({ name, measurement }: MeasuredCache): { name: string; changes: readonly Figures[] }[] {
  return measurement.kind === 'repeated' ? [{ name, changes: measurement.changes }] : []
}

/** No dropped part represents the rest. */
function isBlind({ trim, estimated, estimatedUncertaintyBytes }: CacheAttribution): boolean {
  return trim?.entriesAtRandom === 0 && estimated?.totalBytes !== null && estimatedUncertaintyBytes === null
}

function unattributed(
  before: MemorySample,
  after: MemorySample,
  caches: readonly CacheAttribution[],
): AttributionReport['unattributed'] {
  const fall = difference(figuresOf(before), figuresOf(after))
  return lessRows(fall, caches)
}

/** Of a cache that was trimmed, the estimate counts: the rest of it is no part of the floor. */
function floor(before: MemorySample, caches: readonly CacheAttribution[]): AttributionReport['floor'] {
  return lessRows(
    figuresOf(before),
    caches.map(({ released, estimated }) => ({
      released: byQuantity((quantity) => estimated?.[quantity] ?? released[quantity]),
    })),
  )
}

function lessRows(figures: Figures, caches: readonly { readonly released: ByQuantity<number | null> }[]): Figures {
  return caches.reduce<Figures>((left, { released }) => difference(left, byRow(released)), figures)
}

/** An unknown part of a row explains nothing. */
function byRow({ allocatedBytes, heapBytes, mappedBytes }: ByQuantity<number | null>): Figures {
  return { allocatedBytes: allocatedBytes ?? 0, heapBytes: heapBytes ?? 0, mappedBytes: mappedBytes ?? 0 }
}

function coldestWarning(cache: string): ReportWarning {
  return {
    code: 'WARN_TRIM_COLDEST',
    message: `the whole of ${JSON.stringify(cache)} is estimated from its coldest entries alone, which need not be like the others: its error is not known`,
    cache,
  }
}
