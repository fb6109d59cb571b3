/** What discover() takes and gives. Plain data but for the functions that are passed in. */
import type { Figures } from '../../measure/figures.js'
import type { MeasuredNoise } from '../../report/discovery/types.js'

/** What came back when a hoard was emptied. */
export type MeasuredRelease = Figures

/** A cache that somebody registered: it is recognised and not listed again. */
export interface KnownCache {
  readonly name: string
  /**
   * Empties the cache. It is called once, unmeasured, before anything is: a hoard that this empties is this cache's.
   * Left out where the caller has released it already, or cannot.
   */
  readonly release?: (() => unknown) | undefined
  /** What was registered, and whatever of it is at hand: a hoard that is one of these, or its property, is this cache's. */
  readonly objects?: readonly object[] | undefined
  /** The library's cache behind an adapter: every hoard that is reached through it alone is this cache's. */
  readonly adapted?: readonly object[] | undefined
  /** Functions of it, whose text and variables tell what it empties. */
  readonly functions?: readonly object[] | undefined
  /** The caller has released it already, wholly. */
  readonly isReleased?: boolean | undefined
}

/** How {@link discoverHoards} goes about it. */
export interface DiscoverHoardsOptions {
  /** One settled window around `release`; what it freed. Throws only when the measurement itself fails. */
  readonly measure: (release: () => void) => MeasuredRelease
  readonly noise: MeasuredNoise
  /** Hoards to list, the largest first; parts of a listed one are not counted. @default 10 */
  readonly limit?: number | undefined
  /** What is estimated smaller is no hoard. @default 65536 */
  readonly leastBytes?: number | undefined
  /** Caches that are known already. @default none */
  readonly known?: readonly KnownCache[] | undefined
  /**
   * How hard to look for names: `'quick'` asks objects, modules and closures who holds what; `'none'` does not, and
   * then nested hoards are not told apart either.
   * @default 'quick'
   */
  readonly paths?: 'quick' | 'none' | undefined
  /** After so long no further holder is looked for: unfinished names are shorter. @default 30000 */
  readonly namingBudgetMs?: number | undefined
}

export type { Discovery, Hoard, HoardKind, MeasuredNoise, RecognisedCache } from '../../report/discovery/types.js'
