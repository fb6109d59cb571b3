/**
 * How far allocated bytes can be wrong where jemalloc counts what is not so and nothing shows how much; pure.
 *
 * Rule: an error that cannot be taken off widens the ±, by the most that it can be and not by a guess. It is no noise: it
 * is added to the ± as it is, since windows that err alike do not cancel.
 */
import type { Reading } from '../measure/figures.js'

/** The facts about the readings of a run. */
export interface Miscounts {
  /** The most by which one reading can be too large for what thread caches hold (jemalloc 5.0 to 5.2.1); 0 elsewhere. */
  readonly cachedMostBytes: number
  /** Mean sampling interval of the profiler in bytes; null if unknown, or without it. */
  readonly sampleBytes: number | null
}

/** To so much the profiler promotes a small block that it samples. */
const PROMOTED_BYTES = 16_384

interface Window {
  readonly before: Reading
  readonly after: Reading
}

/** The windows of a measurement, by how it was made. */
type Measured =
  | { readonly kind: 'none' | 'repeated' }
  | { readonly kind: 'atomic'; readonly before: Reading; readonly after: Reading }
  | { readonly kind: 'batched'; readonly windows: readonly Window[] }
  | { readonly kind: 'stepped'; readonly firstTurn: Window }

/**
 * The most by which `releasedBytes`, the allocated bytes of a measurement, may be wrong. 0 of twins: there the one thread's
 * own counts of what it allocated and freed are read, which neither the profiler nor thread caches touch.
 * `lateBytes`, of them, came after the window, where no extents were counted: any of it may be wrong.
 */
export function miscountOf(
  measured: Measured,
  releasedBytes: number | null,
  miscounts: Miscounts,
  lateBytes = 0,
): number {
  if (releasedBytes === null) return 0
  const windows = windowsOf(measured)
  const promoted =
    measured.kind === 'stepped'
      ? (windows[0]?.before.promotable?.extentBytes ?? 0)
      : windows.reduce((sum, window) => sum + promotedOf(window, miscounts.sampleBytes), 0)
  const late = windows.some(({ before }) => before.promotable !== undefined) ? Math.max(0, lateBytes) : 0
  const readings = windows.length + (lateBytes === 0 || windows.length === 0 ? 0 : 1)
  // Promoted bytes are a part of what came back.
  return Math.min(promoted + late, Math.max(0, releasedBytes)) + readings * miscounts.cachedMostBytes
}

/**
 * How many blocks of `bytes` the profiler sampled at most (three standard deviations), what it adds to each included:
 * they are Poisson, and at 16 KiB each and the true bytes together they are `bytes`.
 */
export function sampledMost(bytes: number, sampleBytes: number): number {
  const each = sampleBytes + PROMOTED_BYTES
  const deviation =
    (Math.sqrt(9 * PROMOTED_BYTES ** 2 + 4 * each * Math.max(0, bytes)) - 3 * PROMOTED_BYTES) / (2 * each)
  return deviation ** 2 + 3 * deviation + 1
}

/**
 * The same of the whole that is estimated from parts: errors grow with the entries for which those of the parts speak.
 * Which part erred is not known, so it counts as one that was drawn at random, since those are scaled most.
 */
export function miscountOfWhole(
  miscountBytes: number,
  parts: readonly ({ readonly choice: string; readonly share: number } | null)[],
  { whole, dropped }: { readonly whole: number | null; readonly dropped: number | null },
): number {
  const measured = parts.flatMap((part) => part ?? [])
  const random = measured.filter(({ choice }) => choice === 'random')
  const share = (random.length === 0 ? measured : random).reduce((sum, part) => sum + part.share, 0)
  const byBytes = whole === null || dropped === null || dropped <= 0 ? 1 : whole / dropped
  return miscountBytes * Math.max(1, byBytes, share > 0 ? 1 / share : 1)
}

function windowsOf(measured: Measured): readonly Window[] {
  if (measured.kind === 'atomic') return [measured]
  if (measured.kind === 'batched') return measured.windows
  // Levels in later turns include all that the service did meanwhile: the first turn shows how much there was.
  return measured.kind === 'stepped' ? [measured.firstTurn] : []
}

/**
 * Extents of the profiler's size that went. One that was freed into a thread cache still is an extent: with those they are
 * no more than the caches hold now, nor than were sampled of all that went.
 */
function promotedOf({ before, after }: Window, sampleBytes: number | null): number {
  if (before.promotable === undefined || after.promotable === undefined) return 0
  const goneBytes = Math.max(0, before.promotable.extentBytes - after.promotable.extentBytes)
  const releasedBytes = (before.allocatedBytes ?? 0) - (after.allocatedBytes ?? 0)
  const sampledBytes = sampleBytes === null ? Infinity : PROMOTED_BYTES * sampledMost(releasedBytes, sampleBytes)
  return Math.max(goneBytes, Math.min(goneBytes + after.promotable.cachedBytes, sampledBytes))
}
