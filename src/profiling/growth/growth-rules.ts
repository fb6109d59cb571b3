/**
 * When growth is growth: from readings to triggers, pure.
 *
 * Rule: a trigger stands for a level and not for a moment: it stays due until it has fired, so that whatever was in the way
 * (another action, a run, the cool-down) delays it and loses nothing. What goes up and comes down again is no growth.
 */

/** The triggers of a monitor. */
export type GrowthTrigger = 'step' | 'high-water' | 'share' | 'rate'

/** The rules of a monitor; undefined: not wanted. */
export interface GrowthRuleOptions {
  /** This many bytes above the level of the last firing. */
  readonly everyBytes: number | undefined
  /** This many bytes above the highest level at which it fired, or started. */
  readonly highWaterBytes: number | undefined
  /** Fires once when the quantity reaches this share of the limit, 0.01 to 1; again after it fell by a tenth. */
  readonly share: number | undefined
  /** Growth of this many bytes a second over the window. */
  readonly rate: { readonly bytesPerSecond: number; readonly windowMs: number } | undefined
  /**
   * After this long below the level of the last firing, `every` counts from the highest level of that time: growth after
   * a peak that went away is seen again. 1 s to 7 days.
   */
  readonly rearmMs: number
}

/** A trigger that is due. */
export interface DueTrigger {
  readonly trigger: GrowthTrigger
  /** The base from which it counts: the level before it, the limit's share, or the level a window ago. */
  readonly fromBytes: number
}

/** Part of the share at which it is armed again. */
const SHARE_REARM = 0.9
const BUCKETS = 20

/** The rules at work; of one quantity. */
export class GrowthRules {
  readonly #options: GrowthRuleOptions
  readonly #highest: Buckets
  readonly #lowest: Buckets | undefined
  #stepBase: number | undefined
  #mark: number | undefined
  #isShareArmed = true

  constructor(options: GrowthRuleOptions) {
    this.#options = options
    this.#highest = new Buckets(options.rearmMs, Math.max)
    this.#lowest = options.rate === undefined ? undefined : new Buckets(options.rate.windowMs, Math.min)
  }

  /** Enters a reading. */
  note(atMs: number, bytes: number): void {
    this.#highest.add(atMs, bytes)
    this.#lowest?.add(atMs, bytes)
    this.#stepBase ??= bytes
    this.#mark ??= bytes
    const recent = this.#highest.over(atMs, 0, 1)
    if (recent !== null && recent < this.#stepBase) this.#stepBase = recent
  }

  /** The first rule that holds for a reading that was noted; null where none does. */
  due(atMs: number, bytes: number, limitBytes: number | null): DueTrigger | null {
    const { everyBytes, highWaterBytes, share, rate } = this.#options
    if (share !== undefined && limitBytes !== null) {
      const level = share * limitBytes
      if (bytes < SHARE_REARM * level) this.#isShareArmed = true
      if (this.#isShareArmed && bytes >= level) return { trigger: 'share', fromBytes: level }
    }
    if (highWaterBytes !== undefined && this.#mark !== undefined && bytes >= this.#mark + highWaterBytes) {
      return { trigger: 'high-water', fromBytes: this.#mark }
    }
    if (everyBytes !== undefined && this.#stepBase !== undefined && bytes >= this.#stepBase + everyBytes) {
      return { trigger: 'step', fromBytes: this.#stepBase }
    }
    const growth = rate === undefined ? null : this.#growth(atMs, rate.windowMs)
    if (growth !== null && rate !== undefined && growth.bytesPerSecond >= rate.bytesPerSecond) {
      return { trigger: 'rate', fromBytes: growth.fromBytes }
    }
    return null
  }

  /** It has fired at this level: every rule counts from here. */
  fired(bytes: number): void {
    this.#stepBase = bytes
    this.#mark = Math.max(this.#mark ?? bytes, bytes)
    this.#isShareArmed = false
    this.#lowest?.clear()
  }

  /**
   * The least of each half of the window is compared: what rises between two collections and falls again has the same
   * least in both, where first and last reading would differ by chance.
   */
  #growth(atMs: number, windowMs: number): { readonly bytesPerSecond: number; readonly fromBytes: number } | null {
    const older = this.#lowest?.over(atMs, 0, 0.5) ?? null
    const newer = this.#lowest?.over(atMs, 0.5, 1) ?? null
    if (older === null || newer === null) return null
    return { bytesPerSecond: ((newer - older) / windowMs) * 2000, fromBytes: older }
  }
}

/** Extremes of a sliding window in a few buckets. */
class Buckets {
  readonly #bucketMs: number
  readonly #combine: (a: number, b: number) => number
  #extremes: { readonly number: number; bytes: number }[] = []
  #firstMs: number | undefined

  constructor(windowMs: number, combine: (a: number, b: number) => number) {
    this.#bucketMs = windowMs / BUCKETS
    this.#combine = combine
  }

  add(atMs: number, bytes: number): void {
    this.#firstMs ??= atMs
    const number = Math.floor(atMs / this.#bucketMs)
    const last = this.#extremes.at(-1)
    if (last?.number === number) last.bytes = this.#combine(last.bytes, bytes)
    else this.#extremes.push({ number, bytes })
    while ((this.#extremes[0]?.number ?? number) <= number - BUCKETS) this.#extremes.shift()
  }

  /** The extreme of a part of the window that ends now; null before a whole window has gone by, or without a reading. */
  over(atMs: number, from: number, to: number): number | null {
    if (this.#firstMs === undefined || atMs - this.#firstMs < this.#bucketMs * BUCKETS) return null
    const newest = Math.floor(atMs / this.#bucketMs)
    const part = this.#extremes.filter(({ number }) => {
      const place = number - (newest - BUCKETS + 1)
      return place >= from * BUCKETS && place < to * BUCKETS
    })
    return part.length === 0 ? null : part.map(({ bytes }) => bytes).reduce((a, b) => this.#combine(a, b))
  }

  clear(): void {
    this.#extremes = []
    this.#firstMs = undefined
  }
}
