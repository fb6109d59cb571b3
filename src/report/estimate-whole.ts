/**
 * The whole of a cache, estimated from the parts of it that were dropped; pure.
 *
 * Rule: only entries that were dropped at random represent those that stay; the coldest represent themselves. The error
 * bar comes from what the parts differ by, so that it covers whatever sizes the entries have, and the noise of their
 * windows with it. What no part can show is added to it, or makes it unknown.
 */
import type { ByQuantity, Figures } from '../measure/figures.js'
import { studentT } from './statistics.js'
import type { AttributedBytes, TrimChoice, TrimSummary } from './types.js'

/** One part as the cache counted it. */
export interface TrimmedPart {
  readonly choice: TrimChoice
  /** The share that was asked for, of the entries before the first part. */
  readonly share: number
  readonly entriesBefore: number | null
  readonly entriesAfter: number | null
  readonly claimedBefore: number | null
  readonly claimedAfter: number | null
}

/** One part with what came back. */
export interface MeasuredPart extends TrimmedPart {
  readonly change: Figures
}

/** Half-widths of the 95 % interval of one window that releases nothing. */
export type WindowNoise = ByQuantity<number | null>

/** The whole. */
export interface WholeEstimate {
  readonly estimated: AttributedBytes
  readonly estimatedUncertaintyBytes: number | null
  readonly trim: TrimSummary
}

/**
 * The bytes that a hash table takes for an entry: V8's grow by doubling, keep holes of deleted entries, and shrink late, so it is
 * 28 to 112 bytes. They come back only when the cache is emptied; no part shows them. A cache may have none (0).
 */
const TABLE_BYTES_PER_ENTRY = { middle: 56, halfWidth: 56 } as const

/** By how much narrower claimed bytes must make the interval before they are trusted more than the count of entries. */
const CLAIMED_PAYS = 0.7

/** Estimates the whole from its parts, of which there is one at least. */
export function estimateWhole(parts: readonly MeasuredPart[], noise: WindowNoise): WholeEstimate {
  const scale = chooseScale(parts, noise)
  const allocated = scale.estimate(({ allocatedBytes }) => allocatedBytes, noise.allocatedBytes)
  const table = tableOf(parts)
  const heap = withTable(
    scale.estimate(({ heapBytes }) => heapBytes, noise.heapBytes),
    table,
  )
  const mapped = scale.estimate(({ mappedBytes }) => mappedBytes, noise.mappedBytes)
  const total = withTable(scale.estimate(totalOf, sumNoise(noise)), table)
  return {
    estimated: {
      allocatedBytes: rounded(allocated),
      heapBytes: rounded(heap),
      mappedBytes: rounded(mapped),
      totalBytes: rounded(total),
    },
    estimatedUncertaintyBytes: total?.halfWidth == null ? null : Math.ceil(total.halfWidth),
    trim: {
      batches: parts.length,
      entriesDropped: sumOrNull(parts.map(droppedEntries)),
      entriesAtRandom: sumOrNull(parts.filter(isRandom).map(droppedEntries)),
      basis: scale.basis,
    },
  }
}

interface Estimate {
  readonly bytes: number
  readonly halfWidth: number | null
}

type Value = (change: Figures) => number | null

/** By what the parts are scaled up. */
interface Scale {
  readonly basis: TrimSummary['basis']
  /** Half-width ÷ estimate of the total; infinite where unknown. */
  readonly relativeError: number
  estimate(value: Value, noiseBytes: number | null): Estimate | null
}

/** How much of the basis a part took; null where unknown. */
interface Basis {
  readonly name: TrimSummary['basis']
  readonly whole: number | null
  took(part: MeasuredPart): number | null
}

function chooseScale(parts: readonly MeasuredPart[], noise: WindowNoise): Scale {
  const [first] = parts
  if (sumOrNull(parts.map(droppedEntries)) === 0) return NOTHING
  const byEntries = scaleBy(parts, noise, {
    name: 'entries',
    whole: first?.entriesBefore ?? null,
    took: droppedEntries,
  })
  const byClaims = scaleBy(parts, noise, {
    name: 'claimed bytes',
    whole: first?.claimedBefore ?? null,
    took: ({ claimedBefore, claimedAfter }) =>
      claimedBefore === null || claimedAfter === null || claimedAfter >= claimedBefore
        ? null
        : claimedBefore - claimedAfter,
  })
  if (parts.some(isRandom)) {
    if (byClaims !== null && byEntries !== null) {
      return byClaims.relativeError < CLAIMED_PAYS * byEntries.relativeError ? byClaims : byEntries
    }
    return byEntries ?? byClaims ?? byFraction(parts)
  }
  // The coldest alone: what is claimed of the rest is the only thing that shows how it differs.
  if (byClaims !== null && byEntries !== null) return widenedBy(byClaims, byEntries)
  return blind(byEntries ?? byClaims ?? byFraction(parts))
}

/** Nothing was dropped: what came back was somebody else's. */
const NOTHING: Scale = { basis: 'entries', relativeError: Infinity, estimate: () => null }

function scaleBy(parts: readonly MeasuredPart[], noise: WindowNoise, basis: Basis): Scale | null {
  const { whole } = basis
  if (whole === null || whole <= 0) return null
  const amounts = parts.map((part) => basis.took(part))
  if (amounts.some((amount) => amount === null) || !amounts.some((amount) => (amount ?? 0) > 0)) return null
  const taken = amounts.map((amount) => amount ?? 0)
  const estimate: Scale['estimate'] = (value, noiseBytes) => estimateBy(parts, taken, whole, value, noiseBytes)
  const total = estimate(totalOf, sumNoise(noise))
  const relativeError = total?.halfWidth == null || total.bytes <= 0 ? Infinity : total.halfWidth / total.bytes
  return { basis: basis.name, relativeError, estimate }
}

/** The ratio estimator over the sampled parts; the others count for themselves. */
function estimateBy(
  parts: readonly MeasuredPart[],
  taken: readonly number[],
  whole: number,
  value: Value,
  noiseBytes: number | null,
): Estimate | null {
  const hasSample = parts.some(isRandom)
  let [outsideBytes, outside, sampledBytes, sampled] = [0, 0, 0, 0]
  const sample: { bytes: number; taken: number }[] = []
  for (const [index, part] of parts.entries()) {
    const bytes = value(part.change)
    if (bytes === null) return null
    const amount = taken[index] ?? 0
    if (hasSample && !isRandom(part)) {
      outsideBytes += bytes
      outside += amount
    } else {
      sampledBytes += bytes
      sampled += amount
      sample.push({ bytes, taken: amount })
    }
  }
  if (sampled <= 0) return null
  const perUnit = sampledBytes / sampled
  const rest = Math.max(0, whole - outside)
  const count = sample.length
  const squares = sample.reduce((sum, part) => sum + (part.bytes - perUnit * part.taken) ** 2, 0)
  const spread = count < 2 ? null : studentT(count - 1) * Math.sqrt((squares * count) / (count - 1))
  const halfWidth =
    spread === null || noiseBytes === null
      ? null
      : (Math.max(spread, noiseBytes * Math.sqrt(count)) / sampled) * rest +
        noiseBytes * Math.sqrt(parts.length - count)
  return { bytes: outsideBytes + perUnit * rest, halfWidth }
}

/** The cache counts nothing: it is taken at its word that it dropped the share. */
function byFraction(parts: readonly MeasuredPart[]): Scale {
  const share = parts.reduce((sum, part) => sum + part.share, 0)
  return {
    basis: 'fraction',
    relativeError: Infinity,
    estimate: (value) => {
      const bytes = sumOrNull(parts.map(({ change }) => value(change)))
      return bytes === null ? null : { bytes: bytes / share, halfWidth: null }
    },
  }
}

function blind(scale: Scale): Scale {
  return {
    ...scale,
    relativeError: Infinity,
    estimate: (value, noiseBytes) => {
      const estimate = scale.estimate(value, noiseBytes)
      return estimate === null ? null : { ...estimate, halfWidth: null }
    },
  }
}

/** Two ways to scale that differ know no better than by what they differ. */
function widenedBy(scale: Scale, other: Scale): Scale {
  return {
    ...scale,
    estimate: (value, noiseBytes) => {
      const [one, two] = [scale.estimate(value, noiseBytes), other.estimate(value, noiseBytes)]
      if (one?.halfWidth == null || two === null) return one
      return { ...one, halfWidth: one.halfWidth + Math.abs(one.bytes - two.bytes) }
    },
  }
}

function tableOf([first]: readonly MeasuredPart[]): Estimate {
  const entries = first?.entriesBefore ?? 0
  const { middle, halfWidth } = TABLE_BYTES_PER_ENTRY
  return { bytes: middle * entries, halfWidth: halfWidth * entries }
}

function withTable(estimate: Estimate | null, table: Estimate): Estimate | null {
  if (estimate === null) return null
  const { bytes, halfWidth } = estimate
  return { bytes: bytes + table.bytes, halfWidth: halfWidth === null ? null : halfWidth + (table.halfWidth ?? 0) }
}

function isRandom({ choice }: TrimmedPart): boolean {
  return choice === 'random'
}

function droppedEntries({ entriesBefore, entriesAfter }: TrimmedPart): number | null {
  return entriesBefore === null || entriesAfter === null ? null : Math.max(0, entriesBefore - entriesAfter)
}

function totalOf({ allocatedBytes, heapBytes, mappedBytes }: Figures): number | null {
  return allocatedBytes === null ? null : allocatedBytes + heapBytes + (mappedBytes ?? 0)
}

function sumNoise({ allocatedBytes, heapBytes, mappedBytes }: WindowNoise): number | null {
  return allocatedBytes === null || heapBytes === null ? null : Math.hypot(allocatedBytes, heapBytes, mappedBytes ?? 0)
}

function sumOrNull(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>((sum, value) => (sum === null || value === null ? null : sum + value), 0)
}

function rounded(estimate: Estimate | null): number | null {
  return estimate === null ? null : Math.round(estimate.bytes)
}
