/**
 * From windows to the report, pure.
 *
 * Rule: rows + unattributed = before − after, exactly; what is below the noise is said to be; negative numbers stay;
 * unknown is null.
 */
import { QUANTITIES, byQuantity, difference, knownSum, plus } from '../measure/figures.js'
import type { ByQuantity, Figures, Quantity, Reading } from '../measure/figures.js'
import { figuresOf } from '../measure/sample.js'
import type { MemorySample } from '../measure/sample.js'
import type { GcMode } from '../measure/settle.js'
import { claimWarnings } from './claims.js'
import { findLate, lateWarnings } from './late-bytes.js'
import type { LateGap, LateBytes } from './late-bytes.js'
import { miscountOf, miscountOfWhole } from './miscounts.js'
import { othersOfRow, otherThreadsWarnings } from './other-threads.js'
import type { ControlWindow } from './other-threads.js'
import type { Miscounts } from './miscounts.js'
import { pinningWarnings, returnedOf } from './returned.js'
import type { ResidentFalls } from './returned.js'
import { orderWarnings, remembered, sharingWarnings } from './sharing.js'
import { explainedBy, ownersOfFloor } from './discovery/explained.js'
import type { EarlierRun } from './sharing.js'
import { estimateStep, noiseOf, spreadOf } from './statistics.js'
import { estimateWhole } from './estimate-whole.js'
import type { TrimmedPart } from './estimate-whole.js'
import type { AttributionReport, CacheAttribution, ReportNoise } from './types.js'
import type { AttributedBytes, ReportWarning, RowFacts } from './values.js'
import { UNKNOWN, hypotenuse, withTotal } from './whole.js'

export { difference } from '../measure/figures.js'
export type { LateGap } from './late-bytes.js'
export type { TrimmedPart } from './estimate-whole.js'

/** A settled reading between releases. */
export interface FigureLevel extends Figures {
  readonly atMs: number
}

/** What was measured around one release. */
export type Measurement =
  | { readonly kind: 'none' }
  | { readonly kind: 'atomic'; readonly before: Reading; readonly after: Reading }
  /** One atomic window in each of several twins. */
  | { readonly kind: 'repeated'; readonly changes: readonly Figures[] }
  /** Of a cache that was trimmed in several parts: a window for each. */
  | { readonly kind: 'batched'; readonly windows: readonly { readonly before: Reading; readonly after: Reading }[] }
  | {
      readonly kind: 'stepped'
      /** The turn in which the release was called. */
      readonly firstTurn: { readonly before: Reading; readonly after: Reading }
      readonly levelsBefore: readonly FigureLevel[]
      readonly levelsAfter: readonly FigureLevel[]
    }

/** One cache as measured: a row but for what the measurement is worth. */
export interface MeasuredCache extends RowFacts, Pick<CacheAttribution, 'settled' | 'pauseMs'> {
  readonly measurement: Measurement
  /** How garbage was collected around its release; forced where it is not said, as in a twin. */
  readonly gc?: GcMode
  /** What null releases under the same kind of collection showed. */
  readonly controls: readonly ControlWindow[]
  /** Of a cache that was trimmed: what it counted around each part; null for one that failed, or did not end. */
  readonly trimmed?: readonly (TrimmedPart | null)[]
  /** In twins: what resident memory did, in each of them and in their controls. */
  readonly resident?: ResidentFalls
}

/** A cache of which nothing was measured, and why. */
export function unmeasured(
  name: string,
  status: MeasuredCache['status'],
  error: NonNullable<MeasuredCache['error']>,
): Omit<MeasuredCache, 'controls'> {
  return {
    name,
    status,
    measurement: { kind: 'none' },
    entriesBefore: null,
    entriesAfter: null,
    claimedBytes: null,
    settled: null,
    pauseMs: 0,
    durationMs: 0,
    error,
  }
}

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

/**
 * Nothing smaller than this is told from nothing, however calm the few controls of a run were: under load one null
 * release in a hundred shows as much (bench/accuracy.ts).
 */
export const RESOLUTION: ByQuantity<number> = { allocatedBytes: 8 * 1024, heapBytes: 16 * 1024, mappedBytes: 4 * 1024 }

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
    noise: noise(run.controls),
    caches,
    unattributed: unattributed(before, after, caches),
    floor: { ...floor(before, caches), ...ownersOfFloor(run.head.discovery) },
    ...explainedBy(before, caches, run.head.discovery),
    warnings: [...warnings, ...claimWarnings(caches, warnings, uncollected)],
  }
}

/** What several twins showed of a cache. */
function repeated({ name, measurement }: MeasuredCache): { name: string; changes: readonly Figures[] }[] {
  return measurement.kind === 'repeated' ? [{ name, changes: measurement.changes }] : []
}

/** What null releases show, per quantity. */
export function noise(controls: readonly Figures[]): ReportNoise {
  return {
    controls: controls.length,
    ...byQuantity((quantity) => noiseOf(known(controls, quantity), RESOLUTION[quantity])),
  }
}

/** The values that are known. */
function known(figures: readonly Figures[], quantity: Quantity): number[] {
  return figures.flatMap((each) => each[quantity] ?? [])
}

/** The falls of several windows together. */
export function sumOf(windows: readonly { readonly before: Figures; readonly after: Figures }[]): Figures {
  return windows.map(({ before, after }) => difference(before, after)).reduce(plus)
}

interface Attributed {
  readonly released: AttributedBytes
  readonly uncertainty: ByQuantity<number | null>
}

/** With what of it came late, where some did. */
interface AttributedWhole extends Attributed {
  readonly late?: AttributedBytes
}

function buildRow(cache: MeasuredCache, found: LateBytes | undefined, miscounts: Miscounts): CacheAttribution {
  const { measurement, gc: _gc, controls, trimmed, resident, error, ...row } = cache
  const attributed = withLate(attribute(measurement, controls), found)
  const { released, late } = attributed
  const { beyondBytes, ...others } = othersOfRow(cache)
  const countedBytes = miscountOf(measurement, released.allocatedBytes, miscounts, late?.allocatedBytes ?? 0)
  const miscountBytes = beyondBytes === null ? null : countedBytes + beyondBytes
  const uncertainty = {
    ...attributed.uncertainty,
    allocatedBytes: widened(attributed.uncertainty.allocatedBytes, miscountBytes),
  }
  const firstTurn =
    measurement.kind === 'stepped'
      ? withTotal(difference(measurement.firstTurn.before, measurement.firstTurn.after))
      : undefined
  return {
    ...row,
    released,
    uncertainty,
    uncertaintyBytes: hypotenuse(uncertainty, released),
    significant: QUANTITIES.some((quantity) => beyond(released[quantity], uncertainty[quantity])),
    ...(resident === undefined ? {} : { returned: returnedOf(resident) }),
    window: measurement.kind === 'none' ? null : measurement.kind === 'stepped' ? 'drift-corrected' : 'atomic',
    ...others,
    ...(trimmed === undefined
      ? {}
      : estimateOf(measurement, trimmed, { ...attributed, miscountBytes }, found, noise(controls))),
    ...(firstTurn === undefined ? {} : { firstTurn }),
    ...(late === undefined ? {} : { late }),
    ...(error === undefined ? {} : { error }),
  }
}

/** What went right after the window is part of the row; nothing is added to what is unknown. */
function withLate({ released, uncertainty }: Attributed, found: LateBytes | undefined): AttributedWhole {
  if (found === undefined) return { released, uncertainty }
  const late = byQuantity((quantity) => (released[quantity] === null ? null : found.bytes[quantity]))
  return {
    released: withTotal(
      byQuantity((quantity) => {
        const bytes = released[quantity]
        return bytes === null ? null : bytes + (late[quantity] ?? 0)
      }),
    ),
    uncertainty: widen(uncertainty, found.uncertainty),
    ...(knownSum(late) === 0 ? {} : { late: withTotal(late) }),
  }
}

/** Two errors that are independent of each other; one that is unknown stays so. */
function widen(uncertainty: ByQuantity<number | null>, by: ByQuantity<number>): ByQuantity<number | null> {
  return byQuantity((quantity) => {
    const bytes = uncertainty[quantity]
    return bytes === null ? null : Math.ceil(Math.hypot(bytes, by[quantity]))
  })
}

function attribute(measurement: Measurement, controls: readonly Figures[]): Attributed {
  if (measurement.kind === 'none') return { released: UNKNOWN, uncertainty: byQuantity(() => null) }
  if (measurement.kind === 'repeated') return attributeRepeated(measurement.changes, noise(controls))
  if (measurement.kind === 'stepped') return attributeStepped(measurement)
  const windows = measurement.kind === 'atomic' ? [measurement] : measurement.windows
  const ofOne = noise(controls)
  // Windows side by side err independently of each other.
  const ofAll = (bytes: number | null): number | null =>
    bytes === null ? null : Math.ceil(bytes * Math.sqrt(windows.length))
  return { released: withTotal(sumOf(windows)), uncertainty: byQuantity((quantity) => ofAll(ofOne[quantity])) }
}

/** The step between the levels on both sides, with the drift taken off. */
function attributeStepped({ levelsBefore, levelsAfter }: Measurement & { readonly kind: 'stepped' }): Attributed {
  const steps = byQuantity((quantity) => {
    const series = (levels: readonly FigureLevel[]): { atMs: number; bytes: number }[] =>
      levels.flatMap((level) => {
        const bytes = level[quantity]
        return bytes === null ? [] : [{ atMs: level.atMs, bytes }]
      })
    const [before, after] = [series(levelsBefore), series(levelsAfter)]
    return before.length === 0 || after.length === 0 ? null : estimateStep(before, after)
  })
  return {
    released: withTotal(byQuantity((quantity) => steps[quantity]?.bytes ?? null)),
    uncertainty: byQuantity((quantity) => {
      const { uncertaintyBytes } = steps[quantity] ?? { uncertaintyBytes: null }
      return uncertaintyBytes === null ? null : Math.max(RESOLUTION[quantity], uncertaintyBytes)
    }),
  }
}

/** The mean of several windows; half of what differs between them is part of the ±. */
function attributeRepeated(changes: readonly Figures[], ofOne: ReportNoise): Attributed {
  const meanOf = (values: readonly number[]): number | null =>
    values.length === 0 ? null : Math.round(values.reduce((sum, value) => sum + value, 0) / values.length)
  return {
    released: withTotal(byQuantity((quantity) => meanOf(known(changes, quantity)))),
    uncertainty: byQuantity((quantity) => {
      const noiseBytes = ofOne[quantity]
      return noiseBytes === null ? null : Math.ceil(Math.hypot(noiseBytes, spreadOf(known(changes, quantity)) / 2))
    }),
  }
}

/**
 * The whole of a cache that was trimmed, by the parts that were measured to their end: of one that failed nobody knows
 * what it dropped. Nothing where there are none.
 */
function estimateOf(
  measurement: Measurement,
  trimmed: readonly (TrimmedPart | null)[],
  { released, late, miscountBytes }: AttributedWhole & { readonly miscountBytes: number | null },
  found: LateBytes | undefined,
  windowNoise: ReportNoise,
): Pick<CacheAttribution, 'trim' | 'estimated' | 'estimatedUncertaintyBytes'> {
  const changes =
    measurement.kind === 'batched'
      ? spreadLate(measurement.windows, trimmed, late)
      : [{ ...released, heapBytes: released.heapBytes ?? 0 }]
  const parts = trimmed.flatMap((part, index) => {
    const change = changes[index]
    return part === null || change === undefined ? [] : [{ ...part, change }]
  })
  if (parts.length === 0) return {}
  const { trim, estimated, estimatedUncertaintyBytes } = estimateWhole(
    parts,
    noiseOfPart(windowNoise, changes.length, found),
  )
  const bytes = { whole: estimated.allocatedBytes, dropped: released.allocatedBytes }
  const miscountOfAll = miscountBytes === null ? null : miscountOfWhole(miscountBytes, trimmed, bytes)
  return { trim, estimated, estimatedUncertaintyBytes: widened(estimatedUncertaintyBytes, miscountOfAll) }
}

/** What each part gave back. Late bytes go by the shares; a part that failed counts for as much as the others on average. */
function spreadLate(
  windows: readonly { readonly before: Figures; readonly after: Figures }[],
  trimmed: readonly (TrimmedPart | null)[],
  late: AttributedBytes | undefined,
): Figures[] {
  const changes = windows.map(({ before, after }) => difference(before, after))
  if (late === undefined) return changes
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  const shares = trimmed.flatMap((part) => part?.share ?? [])
  const weights = changes.map((_, index) => trimmed[index]?.share ?? sum(shares) / shares.length)
  return changes.map((change, index) => {
    const part = (weights[index] ?? 0) / sum(weights)
    return plus(
      change,
      byQuantity((quantity) => (late[quantity] ?? 0) * part),
    )
  })
}

/** No part shows by how much late bytes differ from part to part: they may be off by all of them. */
function noiseOfPart(windowNoise: ReportNoise, parts: number, late: LateBytes | undefined): ByQuantity<number | null> {
  if (late === undefined) return windowNoise
  return widen(
    windowNoise,
    byQuantity((quantity) => Math.max(late.uncertainty[quantity], late.bytes[quantity] ?? 0) / Math.sqrt(parts)),
  )
}

/** No dropped part represents the rest. */
function isBlind({ trim, estimated, estimatedUncertaintyBytes }: CacheAttribution): boolean {
  return trim?.entriesAtRandom === 0 && estimated?.totalBytes !== null && estimatedUncertaintyBytes === null
}

/** An error that is no noise adds to the ±, which is unknown where either is. */
function widened(uncertainty: number | null, miscountBytes: number | null): number | null {
  return uncertainty === null || miscountBytes === null ? null : uncertainty + Math.ceil(miscountBytes)
}

function beyond(bytes: number | null, uncertainty: number | null): boolean {
  return bytes !== null && uncertainty !== null && Math.abs(bytes) > uncertainty
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

/** What is unknown of a row explains nothing. */
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
