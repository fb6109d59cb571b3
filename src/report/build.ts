/**
 * From windows to the report, pure.
 *
 * Rule: rows + unattributed = before − after, exactly; what is below the noise is said to be; negative numbers stay;
 * unknown is null.
 */
import type { Figures, MemorySample } from '../measure/sample.js'
import { figuresOf } from '../measure/sample.js'
import { estimateStep, noiseOf, outstanding } from './statistics.js'
import type { AttributedBytes, AttributionReport, CacheAttribution, ReportNoise, ReportWarning } from './types.js'

/** A settled reading between releases. */
export interface FigureLevel extends Figures {
  readonly atMs: number
}

/** What was measured around one release. */
export type Measurement =
  | { readonly kind: 'none' }
  | { readonly kind: 'atomic'; readonly before: Figures; readonly after: Figures }
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
  /** What null releases under the same kind of collection showed. */
  readonly controls: readonly Figures[]
  readonly error?: CacheAttribution['error']
}

/** The change between the last read of a window and the next read in a later turn. */
export interface Gap {
  /** The cache released in that window; null after a control. */
  readonly cache: string | null
  readonly change: Figures
}

/** A finished run, as measured. */
export interface MeasuredRun {
  readonly head: Omit<AttributionReport, 'noise' | 'caches' | 'unattributed' | 'schemaVersion' | 'warnings'>
  readonly controls: readonly Figures[]
  readonly caches: readonly MeasuredCache[]
  readonly gaps: readonly Gap[]
  readonly warnings: readonly ReportWarning[]
}

/**
 * Nothing smaller than this is told from nothing, however calm the few controls of a run were: under load one null
 * release in a hundred shows as much (bench/accuracy.ts).
 */
export const RESOLUTION = { allocatedBytes: 8 * 1024, heapBytes: 16 * 1024 } as const
/** A gap has to be this large to be called late bytes; V8 drops caches of its own of some hundred KiB at any time. */
const LATE_LEAST_BYTES = { allocatedBytes: 64 * 1024, heapBytes: 1024 * 1024 } as const

/** The report of a run. */
export function buildReport(run: MeasuredRun): AttributionReport {
  const late = lateBytes(run.gaps)
  const caches = run.caches.map((cache) => buildRow(cache, late.get(cache.name)))
  const { before, after } = run.head
  return {
    schemaVersion: 1,
    ...run.head,
    noise: noise(run.controls),
    caches,
    unattributed: unattributed(before, after, caches),
    warnings: [...run.warnings, ...[...late].map(([name, bytes]) => lateWarning(name, bytes))],
  }
}

/** What null releases show, per quantity. */
export function noise(controls: readonly Figures[]): ReportNoise {
  const allocated = controls.flatMap(({ allocatedBytes }) => (allocatedBytes === null ? [] : [allocatedBytes]))
  return {
    controls: controls.length,
    allocatedBytes: noiseOf(allocated, RESOLUTION.allocatedBytes),
    heapBytes: noiseOf(
      controls.map(({ heapBytes }) => heapBytes),
      RESOLUTION.heapBytes,
    ),
  }
}

/** The fall from `before` to `after`. */
export function difference(before: Figures, after: Figures): Figures {
  return {
    allocatedBytes:
      before.allocatedBytes === null || after.allocatedBytes === null
        ? null
        : before.allocatedBytes - after.allocatedBytes,
    heapBytes: before.heapBytes - after.heapBytes,
  }
}

interface Attributed {
  readonly released: AttributedBytes
  readonly uncertainty: { readonly allocatedBytes: number | null; readonly heapBytes: number | null }
}

const UNKNOWN: AttributedBytes = { allocatedBytes: null, heapBytes: null, totalBytes: null }

function buildRow(cache: MeasuredCache, late: AttributedBytes | undefined): CacheAttribution {
  const { measurement, controls, error, ...row } = cache
  const { released, uncertainty } = attribute(measurement, controls)
  const firstTurn =
    measurement.kind === 'stepped'
      ? withTotal(difference(measurement.firstTurn.before, measurement.firstTurn.after))
      : undefined
  return {
    ...row,
    released,
    uncertainty,
    uncertaintyBytes: hypotenuse(uncertainty.allocatedBytes, uncertainty.heapBytes, released),
    significant:
      beyond(released.allocatedBytes, uncertainty.allocatedBytes) || beyond(released.heapBytes, uncertainty.heapBytes),
    window: measurement.kind === 'none' ? null : measurement.kind === 'atomic' ? 'atomic' : 'drift-corrected',
    ...(firstTurn === undefined ? {} : { firstTurn }),
    ...(late === undefined ? {} : { late }),
    ...(error === undefined ? {} : { error }),
  }
}

function attribute(measurement: Measurement, controls: readonly Figures[]): Attributed {
  if (measurement.kind === 'none') {
    return { released: UNKNOWN, uncertainty: { allocatedBytes: null, heapBytes: null } }
  }
  if (measurement.kind === 'atomic') {
    const { allocatedBytes, heapBytes } = noise(controls)
    return {
      released: withTotal(difference(measurement.before, measurement.after)),
      uncertainty: { allocatedBytes, heapBytes },
    }
  }
  const step = (quantity: keyof Figures): ReturnType<typeof estimateStep> | null => {
    const series = (levels: readonly FigureLevel[]): { atMs: number; bytes: number }[] =>
      levels.flatMap((level) => {
        const bytes = level[quantity]
        return bytes === null ? [] : [{ atMs: level.atMs, bytes }]
      })
    const [before, after] = [series(measurement.levelsBefore), series(measurement.levelsAfter)]
    return before.length === 0 || after.length === 0 ? null : estimateStep(before, after)
  }
  const [allocated, heap] = [step('allocatedBytes'), step('heapBytes')]
  const atLeast = (estimate: typeof heap, least: number): number | null =>
    estimate?.uncertaintyBytes == null ? null : Math.max(least, estimate.uncertaintyBytes)
  return {
    released: withTotal({ allocatedBytes: allocated?.bytes ?? null, heapBytes: heap?.bytes ?? 0 }),
    uncertainty: {
      allocatedBytes: atLeast(allocated, RESOLUTION.allocatedBytes),
      heapBytes: atLeast(heap, RESOLUTION.heapBytes),
    },
  }
}

function withTotal({ allocatedBytes, heapBytes }: Figures): AttributedBytes {
  return { allocatedBytes, heapBytes, totalBytes: allocatedBytes === null ? null : allocatedBytes + heapBytes }
}

function hypotenuse(allocated: number | null, heap: number | null, released: AttributedBytes): number | null {
  if (heap === null || (allocated === null && released.allocatedBytes !== null)) return null
  return Math.ceil(Math.hypot(allocated ?? 0, heap))
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
  const rows = (quantity: 'allocatedBytes' | 'heapBytes'): number =>
    caches.reduce((sum, { released }) => sum + (released[quantity] ?? 0), 0)
  return {
    allocatedBytes: fall.allocatedBytes === null ? null : fall.allocatedBytes - rows('allocatedBytes'),
    heapBytes: fall.heapBytes - rows('heapBytes'),
  }
}

/** What went right after a release, where it stands out among all gaps of the run. */
function lateBytes(gaps: readonly Gap[]): Map<string, AttributedBytes> {
  const allocated = outstanding(
    gaps.map(({ change }) => change.allocatedBytes ?? 0),
    LATE_LEAST_BYTES.allocatedBytes,
  )
  const heap = outstanding(
    gaps.map(({ change }) => change.heapBytes),
    LATE_LEAST_BYTES.heapBytes,
  )
  const late = new Map<string, AttributedBytes>()
  for (const [index, gap] of gaps.entries()) {
    const [allocatedBytes, heapBytes] = [Math.max(0, allocated[index] ?? 0), Math.max(0, heap[index] ?? 0)]
    if (gap.cache === null || allocatedBytes + heapBytes === 0) continue
    late.set(
      gap.cache,
      withTotal({ allocatedBytes: gap.change.allocatedBytes === null ? null : allocatedBytes, heapBytes }),
    )
  }
  return late
}

function lateWarning(cache: string, bytes: AttributedBytes): ReportWarning {
  const amount = (bytes.allocatedBytes ?? 0) + (bytes.heapBytes ?? 0)
  return {
    code: 'WARN_LATE_BYTES',
    message: `about ${String(amount)} bytes went in the turns right after the release of ${JSON.stringify(cache)}: a deferred finalizer, or a release that was not finished; they are in the row's "late" and in unattributed`,
    cache,
  }
}
