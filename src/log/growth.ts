/** Growth, as a history shows it, or by a rule of thumb over the latest readings. Pure. */

import { ownerName } from '../report/discovery/owner-identity.js'
import type { OwnerIdentity } from '../report/discovery/owner-identity.js'

/** One thing that grows. */
export interface Growth {
  /** A cache, an owner that nobody registered (`server.js › UserStore.byId`), or `floor`. */
  readonly name: string
  readonly verdict: string
  /** Bytes per hour; null where that is not known. */
  readonly bytesPerHour: number | null
  readonly evidence: string
}

/** The part of a trend that is used. */
interface TrendLike {
  readonly verdict: string
  readonly evidence: string
  readonly slope: { readonly bytesPerHour: number } | null
}

/** Who reports trends, e.g. a `ReportHistory`. */
export interface TrendSource {
  /** The growth as of now; at once or later. */
  trends(): TrendsLike | Promise<TrendsLike>
}

/** The part of the trends of a history that is used. */
interface TrendsLike {
  readonly caches: readonly { readonly name: string; readonly trend: TrendLike }[]
  readonly owners?: readonly (Pick<OwnerIdentity, 'script' | 'path'> & { readonly trend: TrendLike })[]
  readonly floor: TrendLike
}

/** Verdicts that are worth a warning. */
const GROWING = ['growing', 'unbounded']

/** A source's verdict on growth. */
export async function growthOf(source: TrendSource): Promise<Growth[]> {
  const { caches, owners = [], floor } = await source.trends()
  const named = owners.map(({ trend, ...identity }) => ({ name: ownerName(identity), trend }))
  return [...caches, ...named, { name: FLOOR, trend: floor }]
    .filter(({ trend }) => GROWING.includes(trend.verdict))
    .map(({ name, trend: { verdict, evidence, slope } }) => ({
      name,
      verdict,
      bytesPerHour: slope?.bytesPerHour ?? null,
      evidence,
    }))
}

/** How what no cache holds is named. */
const FLOOR = 'floor'

const READINGS = 5
const LEAST_RISE = { share: 0.1, bytes: 16 * 1024 * 1024 }
/** Names of caches that come and go must not pile up. */
const NAMES_MAX = 10_000

interface Reading {
  readonly atMs: number
  readonly bytes: number
}

/**
 * Without a history: five readings in a row, each above the one before, and together a tenth and 16 MiB more. Noise falls as
 * often as it rises, so that a chance row of them is rare and small.
 */
export class RisingReadings {
  readonly #readings = new Map<string, readonly Reading[]>()

  /** Takes the readings of one tick, and gives what rises. */
  note(atMs: number, sizes: readonly { readonly name: string; readonly bytes: number | null }[]): Growth[] {
    return sizes.flatMap(({ name, bytes }) => {
      if (bytes === null) return []
      const before = this.#readings.get(name) ?? []
      const latest = [...before, { atMs, bytes }].slice(-READINGS)
      this.#readings.delete(name)
      this.#readings.set(name, latest)
      const oldest = this.#readings.keys().next().value
      if (this.#readings.size > NAMES_MAX && oldest !== undefined) this.#readings.delete(oldest)
      return rises(name, latest)
    })
  }
}

function rises(name: string, readings: readonly Reading[]): Growth[] {
  const [first, last] = [readings[0], readings.at(-1)]
  if (readings.length < READINGS || first === undefined || last === undefined) return []
  const isRising = readings.every(({ bytes }, index) => index === 0 || bytes > (readings[index - 1]?.bytes ?? 0))
  const rise = last.bytes - first.bytes
  if (!isRising || rise < LEAST_RISE.bytes || rise < LEAST_RISE.share * first.bytes) return []
  const hours = (last.atMs - first.atMs) / 3_600_000
  return [
    {
      name,
      verdict: 'rising',
      bytesPerHour: hours > 0 ? rise / hours : null,
      evidence: `${String(READINGS)} readings in a row, each above the one before`,
    },
  ]
}
