/**
 * One row of the report, from one cache as measured.
 *
 * Rule: pure; every error that is known widens the ±, and a row beyond it is significant.
 */
import { QUANTITIES, byQuantity, difference, plus } from '../measure/figures.js'
import type { ByQuantity, Figures } from '../measure/figures.js'
import type { LateBytes } from './late-bytes.js'
import { miscountOf, miscountOfWhole } from './miscounts.js'
import { othersOfRow } from './other-threads.js'
import type { Miscounts } from './miscounts.js'
import { returnedOf } from './returned.js'
import { estimateWhole } from './estimate-whole.js'
import type { TrimmedPart } from './estimate-whole.js'
import type { CacheAttribution, ReportNoise } from './types.js'
import type { AttributedBytes } from './values.js'
import { hypotenuse, withTotal } from './whole.js'
import type { MeasuredCache, Measurement } from './measured-cache.js'
import { noiseOfControls } from './noise.js'
import type { AttributedWhole } from './attribute-windows.js'
import { attributeWindows, widenBy, withLate } from './attribute-windows.js'

/** The row; late bytes that were found behind its window are part of it. */
export function buildRow(cache: MeasuredCache, found: LateBytes | undefined, miscounts: Miscounts): CacheAttribution {
  const { measurement, gc: _gc, controls, trimmed, resident, error, ...row } = cache
  const attributed = withLate(attributeWindows(measurement, controls), found)
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
      : estimateOf(measurement, trimmed, { ...attributed, miscountBytes }, found, noiseOfControls(controls))),
    ...(firstTurn === undefined ? {} : { firstTurn }),
    ...(late === undefined ? {} : { late }),
    ...(error === undefined ? {} : { error }),
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

/** The bytes that each part gave back. Late bytes go by the shares; a part that failed counts for as much as the others on average. */
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
  return widenBy(
    windowNoise,
    byQuantity((quantity) => Math.max(late.uncertainty[quantity], late.bytes[quantity] ?? 0) / Math.sqrt(parts)),
  )
}

/** An error that is no noise adds to the ±, which is unknown where either is. */
function widened(uncertainty: number | null, miscountBytes: number | null): number | null {
  return uncertainty === null || miscountBytes === null ? null : uncertainty + Math.ceil(miscountBytes)
}

function beyond(bytes: number | null, uncertainty: number | null): boolean {
  return bytes !== null && uncertainty !== null && Math.abs(bytes) > uncertainty
}
