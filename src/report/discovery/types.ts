/** What discover() found: the hoards of a process that nobody registered. Plain JSON. */
import type { ByQuantity } from '../../measure/figures.js'
import type { AttributedBytes, ReportWarning, RowError } from '../types.js'

/** What the same windows show when nothing is released; null where there were no controls. */
export type MeasuredNoise = ByQuantity<number | null>

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
  /**
   * What its release leaves behind (arrays that keep their slots, indexes beside the entries), measured; null where it was not
   * released, or not wholly.
   */
  readonly leftBehind: MeasuredLeftover | null
}

/** What came back when the rest of a cache was taken out. */
export interface MeasuredLeftover extends AttributedBytes {
  readonly uncertaintyBytes: number | null
  readonly significant: boolean
}

/** What `discover()` found; plain JSON. */
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
