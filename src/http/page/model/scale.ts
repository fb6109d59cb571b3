/** The byte axis of the bars: from zero to a round figure that holds every bar, with few round steps. */
import type { CacheRow } from './cache-rows.js'

/** An axis. */
export interface Scale {
  readonly maxBytes: number
  /** Zero first, `maxBytes` last; all of them round figures of this unit. */
  readonly ticks: readonly number[]
  readonly unit: { readonly bytes: number; readonly name: string }
}

const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500]
const TICKS_MAX = 5

/** The axis that holds all bars with their whiskers, and all claims. */
export function scaleOf(rows: readonly CacheRow[]): Scale {
  return scaleTo(
    Math.max(
      0,
      ...rows.map(({ bytes, uncertaintyBytes, claimedThenBytes, claimedBytes }) =>
        // A ± far beyond its bar would leave no room for the others: it is cut at the edge.
        Math.max(
          Math.min((bytes ?? 0) + (uncertaintyBytes ?? 0), 2 * (bytes ?? 0)),
          claimedThenBytes ?? claimedBytes ?? 0,
        ),
      ),
    ),
  )
}

/** The smallest round axis that reaches so far. */
export function scaleTo(bytes: number): Scale {
  const wanted = Math.max(bytes, 1)
  const steps = UNITS.flatMap((name, power) => STEPS.map((step) => ({ step, name, bytes: 1024 ** power })))
  const reaches = ({ step, bytes: unit }: Step): boolean => wanted <= TICKS_MAX * step * unit
  const found = steps.find(reaches) ?? LARGEST
  const stepBytes = found.step * found.bytes
  const count = Math.ceil(wanted / stepBytes)
  return {
    maxBytes: count * stepBytes,
    ticks: Array.from({ length: count + 1 }, (_, index) => index * stepBytes),
    unit: { bytes: found.bytes, name: found.name },
  }
}

interface Step {
  readonly step: number
  readonly name: string
  readonly bytes: number
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
/** Beyond it there are more steps than {@link TICKS_MAX}, and still an axis. */
const LARGEST: Step = { step: 500, name: 'TiB', bytes: 1024 ** 4 }

/** Where on the axis, from 0 to 1. */
export function placeOn({ maxBytes }: Scale, bytes: number): number {
  return Math.min(1, Math.max(0, bytes / maxBytes))
}
