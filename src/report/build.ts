/**
 * From windows to the report, pure.
 *
 * Rule: rows + unattributed = before − after, exactly; what is below the noise is said to be; negative numbers stay;
 * unknown is null.
 */
import { QUANTITIES, byQuantity, difference, knownSum, plus } from '../measure/figures.js'
import type { ByQuantity, Figures, Quantity } from '../measure/figures.js'
import { figuresOf } from '../measure/sample.js'
import type { MemorySample } from '../measure/sample.js'
import type { GcMode } from '../measure/settle.js'
import { formatBytes } from '../support/units.js'
import { claimWarnings } from './claims.js'
import { orderWarnings, remembered, sharingWarnings } from './sharing.js'
import type { EarlierRun } from './sharing.js'
import { estimateStep, noiseOf, outstanding, spreadOf } from './statistics.js'
import { estimateWhole } from './trim.js'
import type { TrimmedPart } from './trim.js'
import type { AttributedBytes, AttributionReport, CacheAttribution, ReportNoise, ReportWarning } from './types.js'
import { UNKNOWN, hypotenuse, withTotal } from './whole.js'

export { difference } from '../measure/figures.js'
export type { TrimmedPart } from './trim.js'

/** A settled reading between releases. */
export interface FigureLevel extends Figures {
  readonly atMs: number
}

/** What was measured around one release. */
export type Measurement =
  | { readonly kind: 'none' }
  | { readonly kind: 'atomic'; readonly before: Figures; readonly after: Figures }
  /** One atomic window in each of several twins. */
  | { readonly kind: 'repeated'; readonly changes: readonly Figures[] }
  /** Of a cache that was trimmed in several parts: a window for each. */
  | { readonly kind: 'batched'; readonly windows: readonly { readonly before: Figures; readonly after: Figures }[] }
  | {
      readonly kind: 'stepped'
      /** The turn in which the release was called. */
      readonly firstTurn: { readonly before: Figures; readonly after: Figures }
      readonly levelsBefore: readonly FigureLevel[]
      readonly levelsAfter: readonly FigureLevel[]
    }

/** One cache as measured: a row but for what the measurement is worth. */
export interface MeasuredCache extends Pick<
  CacheAttribution,
  'name' | 'status' | 'entriesBefore' | 'entriesAfter' | 'claimedBytes' | 'settled' | 'pauseMs' | 'durationMs'
> {
  readonly measurement: Measurement
  /** How garbage was collected around its release; forced where it is not said, as in a twin. */
  readonly gc?: GcMode
  /** What null releases under the same kind of collection showed. */
  readonly controls: readonly Figures[]
  /** Of a cache that was trimmed: what it counted around each part; null for one that failed, or did not end. */
  readonly trimmed?: readonly (TrimmedPart | null)[]
  readonly error?: CacheAttribution['error']
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

/** The change between the last read of a window and the next read in a later turn. */
export interface Gap {
  /** The cache released in that window; null after a control. */
  readonly cache: string | null
  readonly change: Figures
  /** How far that next read lies below every level before it, what was released put back; negative: above the lowest. */
  readonly newLow: Figures
}

/** A finished run, as measured. */
export interface MeasuredRun {
  readonly head: Omit<AttributionReport, 'noise' | 'caches' | 'unattributed' | 'floor' | 'schemaVersion' | 'warnings'>
  readonly controls: readonly Figures[]
  readonly caches: readonly MeasuredCache[]
  readonly gaps: readonly Gap[]
  /** The latest runs before it. */
  readonly earlier?: readonly EarlierRun[]
  readonly warnings: readonly ReportWarning[]
}

/**
 * Nothing smaller than this is told from nothing, however calm the few controls of a run were: under load one null
 * release in a hundred shows as much (bench/accuracy.ts).
 */
export const RESOLUTION: ByQuantity<number> = { allocatedBytes: 8 * 1024, heapBytes: 16 * 1024, mappedBytes: 4 * 1024 }
/** A gap has to be this large to be called late bytes; V8 drops caches of its own of some hundred KiB at any time. */
const LATE_LEAST_BYTES: ByQuantity<number> = {
  allocatedBytes: 64 * 1024,
  heapBytes: 1024 * 1024,
  mappedBytes: 64 * 1024,
}

/** The report of a run. */
export function buildReport(run: MeasuredRun): AttributionReport {
  const late = lateBytes(run.gaps)
  const caches = run.caches.map((cache) => buildRow(cache, late.get(cache.name)))
  const uncollected = new Set(run.caches.filter(({ gc }) => gc === 'none').map(({ name }) => name))
  const { before, after, twin } = run.head
  const warnings = [
    ...run.warnings,
    ...[...late].map(([name, bytes]) => lateWarning(name, bytes)),
    ...caches.filter(isBlind).map(({ name }) => coldestWarning(name)),
    ...orderWarnings(run.caches.flatMap(repeated)),
    ...sharingWarnings(remembered({ caches, ...(twin === undefined ? {} : { twin }) }, uncollected), run.earlier ?? []),
  ]
  return {
    schemaVersion: 1,
    ...run.head,
    noise: noise(run.controls),
    caches,
    unattributed: unattributed(before, after, caches),
    floor: floor(before, caches),
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

function buildRow(cache: MeasuredCache, late: AttributedBytes | undefined): CacheAttribution {
  const { measurement, gc: _gc, controls, trimmed, error, ...row } = cache
  const { released, uncertainty } = attribute(measurement, controls)
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
    window: measurement.kind === 'none' ? null : measurement.kind === 'stepped' ? 'drift-corrected' : 'atomic',
    ...(trimmed === undefined ? {} : estimateOf(measurement, trimmed, released, noise(controls))),
    ...(firstTurn === undefined ? {} : { firstTurn }),
    ...(late === undefined ? {} : { late }),
    ...(error === undefined ? {} : { error }),
  }
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
  released: AttributedBytes,
  windowNoise: ReportNoise,
): Pick<CacheAttribution, 'trim' | 'estimated' | 'estimatedUncertaintyBytes'> {
  const changes =
    measurement.kind === 'batched'
      ? measurement.windows.map(({ before, after }) => difference(before, after))
      : [{ ...released, heapBytes: released.heapBytes ?? 0 }]
  const parts = trimmed.flatMap((part, index) => {
    const change = changes[index]
    return part === null || change === undefined ? [] : [{ ...part, change }]
  })
  if (parts.length === 0) return {}
  const { trim, estimated, estimatedUncertaintyBytes } = estimateWhole(parts, windowNoise)
  return { trim, estimated, estimatedUncertaintyBytes }
}

/** Nothing that was dropped speaks for the rest. */
function isBlind({ trim, estimated, estimatedUncertaintyBytes }: CacheAttribution): boolean {
  return trim?.entriesAtRandom === 0 && estimated?.totalBytes !== null && estimatedUncertaintyBytes === null
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

/**
 * What went right after a release: a fall that stands out among all gaps of the run, to a level lower than any before,
 * and that did not come back by the next reading. A fall alone would not do: in-flight memory that rose before the
 * window falls after it.
 */
function lateBytes(gaps: readonly Gap[]): Map<string, AttributedBytes> {
  const lateOf = (quantity: Quantity): number[] => {
    const changes = gaps.map(({ change }) => change[quantity] ?? 0)
    return outstanding(changes, LATE_LEAST_BYTES[quantity]).map((beyond, index) => {
      const bytes = Math.min(beyond ?? 0, gaps[index]?.newLow[quantity] ?? 0)
      const cameBack = (changes[index + 1] ?? 0) < -bytes / 2
      return bytes > LATE_LEAST_BYTES[quantity] && !cameBack ? bytes : 0
    })
  }
  const found = byQuantity(lateOf)
  const late = new Map<string, AttributedBytes>()
  for (const [index, { cache, change }] of gaps.entries()) {
    const bytes = byQuantity((quantity) => (change[quantity] === null ? null : (found[quantity][index] ?? 0)))
    if (cache !== null && knownSum(bytes) !== 0) late.set(cache, withTotal(bytes))
  }
  return late
}

function lateWarning(cache: string, bytes: AttributedBytes): ReportWarning {
  const amount = knownSum(bytes)
  return {
    code: 'WARN_LATE_BYTES',
    message: `about ${formatBytes(amount)} went in the turns right after the release of ${JSON.stringify(cache)}: a deferred finalizer, or a release that was not finished; they are in the row's "late" and in unattributed`,
    cache,
  }
}

function coldestWarning(cache: string): ReportWarning {
  return {
    code: 'WARN_TRIM_COLDEST',
    message: `the whole of ${JSON.stringify(cache)} is estimated from its coldest entries alone, which need not be like the others: its error is not known`,
    cache,
  }
}
