/**
 * A trim in parts, pure: how the share of a cache is cut into batches that are measured by themselves, and how their
 * windows become one row.
 *
 * Rule: the estimate of the whole is only as good as what is known of the entries that stay. So at least half of every
 * share is dropped at random where the cache can do that, in several batches whose differences give the error bar.
 */
import type { TrimmedPart } from '../../report/estimate-whole.js'
import type { Measurement } from '../../report/measured-cache.js'
import type { AttributionMode, TrimChoice } from '../../report/types.js'
import type { LedgerRow } from '../run/run-ledger.js'
import type { PlannableCache, Selection, TrimBatch } from '../run/plan.js'
import type { Releasable } from '../releasable.js'

/** The questions to every cache. */
export interface TrimWish {
  readonly mode: AttributionMode
  readonly fraction: number
  readonly choice: TrimChoice
}

/** Enough for a 95 % interval of two and a half standard errors; each costs a window. */
const BATCHES_MAX = 6
/** Fewer than two at random say nothing of their differences. */
const MIXED_BATCHES_LEAST = 3

/** The batches of one cache; undefined where it is released wholly, null where it cannot drop a part. */
export function planTrim(
  { mode, fraction, choice }: TrimWish,
  releasable: Releasable,
  cache: { readonly entries: number | null; readonly isStepped: boolean },
): readonly TrimBatch[] | null | undefined {
  if (mode !== 'trim') return undefined
  if (releasable.trim === undefined) return null
  const { trimChoices = ['coldest'] } = releasable
  // A part whose memory goes in later turns needs many readings on either side: once is enough.
  const most = cache.isStepped ? 1 : BATCHES_MAX
  const count = Math.max(1, Math.min(most, Math.floor((cache.entries ?? Infinity) * fraction)))
  const isMixed = choice === 'coldest' && trimChoices.length > 1 && count >= MIXED_BATCHES_LEAST
  const sampled: TrimChoice = trimChoices.includes('random') ? 'random' : 'coldest'
  let left = 1
  return Array.from({ length: count }, (_, index) => {
    const share = isMixed ? (index === 0 ? fraction / 2 : fraction / 2 / (count - 1)) : fraction / count
    const ofLeft = Math.min(1, share / left)
    left -= share
    return {
      fraction: ofLeft,
      share,
      choice: isMixed && index === 0 ? ('coldest' as const) : sampled,
      isLast: index === count - 1,
    }
  })
}

/** Takes those out that cannot drop a part. */
export function withoutUntrimmable<Cache extends PlannableCache>({
  order,
  skipped,
}: Selection<Cache>): Selection<Cache> {
  const cannot = (cache: Cache): boolean => cache.trim === null
  return {
    order: order.filter((cache) => !cannot(cache)),
    skipped: [
      ...skipped,
      ...order.filter(cannot).map((planned) => ({
        planned,
        error: {
          code: 'ERR_TRIM_UNSUPPORTED' as const,
          message: 'it has no trim(): it can be released as a whole only',
        },
      })),
    ],
  }
}

/** The part of a row that one batch gives. */
export interface TrimPart extends LedgerRow {
  readonly batch: TrimBatch
  readonly claimedAfter: number | null
}

/** One row of the batches of one cache, in their order. */
export function joinParts(parts: readonly [TrimPart, ...TrimPart[]]): LedgerRow {
  const [first] = parts
  const last = parts.at(-1) ?? first
  const { batch: _batch, claimedAfter: _claimedAfter, error: _error, ...row } = first
  return {
    ...row,
    status: last.status,
    measurement: joinMeasurements(parts),
    trimmed: parts.map((part) => (part.status === 'trimmed' ? partOf(part) : null)),
    entriesAfter: last.entriesAfter,
    settled: parts.every(({ settled }) => settled !== false),
    pauseMs: Math.max(...parts.map(({ pauseMs }) => pauseMs)),
    durationMs: parts.reduce((sum, { durationMs }) => sum + durationMs, 0),
    ...(last.error === undefined ? {} : { error: last.error }),
  }
}

/** A part that went on in later turns stands alone; behind others its first turn counts, and the rest is nobody's. */
function joinMeasurements(parts: readonly [TrimPart, ...TrimPart[]]): Measurement {
  const [{ measurement }] = parts
  if (parts.length === 1 && measurement.kind === 'stepped') return measurement
  return {
    kind: 'batched',
    windows: parts.flatMap((part) => {
      const { measurement: each } = part
      return each.kind === 'atomic' ? [each] : each.kind === 'stepped' ? [each.firstTurn] : []
    }),
  }
}

function partOf({ batch, entriesBefore, entriesAfter, claimedBytes, claimedAfter }: TrimPart): TrimmedPart {
  const { choice, share } = batch
  return { choice, share, entriesBefore, entriesAfter, claimedBefore: claimedBytes, claimedAfter }
}
