/** What discover() takes and gives. Plain data but for the functions that are passed in. */
import type { AttributedBytes, ReportWarning, RowError } from '../../report/types.js'

/** What came back when a hoard was emptied. */
export interface MeasuredRelease {
  readonly allocatedBytes: number | null
  readonly heapBytes: number
}

/** What the same windows show when nothing is released; null where there were no controls. */
export interface MeasuredNoise {
  readonly allocatedBytes: number | null
  readonly heapBytes: number | null
}

/** A cache that somebody registered: it is recognised and not listed again. */
export interface KnownCache {
  readonly name: string
  /**
   * Empties the cache. It is called once, unmeasured, before anything is: a hoard that this empties is this cache's.
   * Left out where the caller has released it already, or cannot.
   */
  readonly release?: (() => unknown) | undefined
  /** The cache itself, and whatever of it is at hand: a hoard that is one of these, or lies in one, is this cache's. */
  readonly objects?: readonly object[] | undefined
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

/** What a hoard is made of; `cache` is an object with the methods of a cache and several collections inside. */
export type HoardKind = 'Map' | 'Set' | 'Array' | 'object' | 'cache'

/** A large collection that nobody registered. */
export interface Hoard {
  /** The path to reach it, `server.js › UserStore.byId`; null where no holder was found. */
  readonly path: string | null
  /** The script at the head of `path`, in full. */
  readonly script: string | null
  readonly kind: HoardKind
  /** `Map`, or the name of the subclass or of the cache's class. */
  readonly className: string
  readonly entries: number
  /** More than one where several hoards have the same path (one in each instance of a class): measured together. */
  readonly instances: number
  /** What came back when it was emptied, its listed parts included. */
  readonly released: AttributedBytes
  /** The same without its listed parts: these figures add up over all hoards. */
  readonly own: AttributedBytes
  /** As a row of the report: half-width of the 95 % interval around `released.totalBytes`. */
  readonly uncertaintyBytes: number | null
  readonly significant: boolean
  /** Index in `hoards` of the listed hoard that this one lies in. */
  readonly partOf: number | null
  readonly error?: RowError
}

/** A registered cache as it was found. */
export interface RecognisedCache {
  readonly cache: string
  readonly path: string | null
  readonly kind: HoardKind
  readonly entries: number
}

/** What {@link discoverHoards} found; plain JSON. */
export interface Discovery {
  /** The largest first. */
  readonly hoards: readonly Hoard[]
  readonly recognised: readonly RecognisedCache[]
  /** How many live objects were looked at, and how many of them might have been hoards. */
  readonly examined: { readonly objects: number; readonly collections: number }
  readonly noise: MeasuredNoise
  readonly durationMs: { readonly census: number; readonly naming: number; readonly measuring: number }
  readonly warnings: readonly ReportWarning[]
}
