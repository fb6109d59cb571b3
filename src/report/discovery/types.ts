/** What discover() found: the hoards of a process that nobody registered. Plain JSON. */
import type { ByQuantity } from '../../measure/figures.js'
import type { Trend } from '../trends/types.js'
import type { AttributedBytes, ReportWarning, RowError } from '../values.js'

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

/** Bytes by the graph of the heap: nothing was emptied for them. */
export interface GraphBytes {
  /** Of objects on V8's heap. */
  readonly heapBytes: number
  /** Outside of it: the memory of Buffers and other ArrayBuffers, the text of external strings. */
  readonly memoryBytes: number
  readonly totalBytes: number
}

/**
 * `collection` counts its entries; `variables` are those of a function; `listeners` are those of one event; `timers`,
 * `immediates`, suspended `calls` of async functions and `generators` are groups of those with one function; `modules` are
 * copies of one file that differ in their query.
 */
export type OwnerKind =
  | 'collection'
  | 'function'
  | 'variables'
  | 'object'
  | 'listeners'
  | 'timers'
  | 'immediates'
  | 'calls'
  | 'generators'
  | 'modules'

/** Where a function stands that an owner holds. */
export interface OwnerSite {
  /** Its name; null of one without. */
  readonly function: string | null
  readonly script: string
  /** From 1 on; null where V8 does not tell. */
  readonly line: number | null
  /** How many closures or calls of it the owner holds. */
  readonly count: number
}

/**
 * An object that alone keeps memory alive, or a group of objects with one path: without it V8 would collect what it
 * retains. By the dominators of the heap's graph, so that nothing is counted twice.
 */
export interface Owner {
  /** How it is reached, in the words of the source: `createQueue() › pending`; null where no name is on the way. */
  readonly path: string | null
  /** The script that `path` begins in; null where none is known, as for globals. */
  readonly script: string | null
  /** The package of that script; `node` for Node's own, null for the application's. */
  readonly package: string | null
  readonly kind: OwnerKind
  /** The function that its members are of, or that most of it is of; null where there is none, or an older version made the report. */
  readonly site?: OwnerSite | null
  readonly className: string
  /** Of a Map, Set or array; null of anything else. */
  readonly entries: number | null
  /** More than one where several with the same path, or held by nothing in particular, are told together. */
  readonly instances: number
  /** Without the listed owners that lie in it: these figures add up. */
  readonly own: GraphBytes
  /** With them: what would go if it went. */
  readonly retained: GraphBytes
  /** Index in `owners` of the owner that this one lies in. */
  readonly partOf: number | null
  /** The registered cache that it is, or lies in. */
  readonly cache: string | null
  /** With a history attached, or several observations: how it changes over them. */
  readonly growth?: Trend
}

/** All that is strongly reachable, in bytes. */
export interface LiveMemory {
  readonly totalBytes: number
  /** In pieces of `leastBytes` and more, each with an owner. */
  readonly ownedBytes: number
  /** The rest: code, shapes and strings of all scripts, Node's own, and whatever is small. */
  readonly restBytes: number
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
interface MeasuredLeftover extends AttributedBytes {
  readonly uncertaintyBytes: number | null
  readonly significant: boolean
}

/** What `discover()` found; plain JSON. */
export interface Discovery {
  /** The largest owners of live memory, registered caches included; empty where the heap could not be walked. */
  readonly owners: readonly Owner[]
  /** What they are parts of; null where the heap could not be walked (a warning says why). */
  readonly live: LiveMemory | null
  /** The largest first. */
  readonly hoards: readonly Hoard[]
  readonly recognised: readonly RecognisedCache[]
  /** How many live objects were looked at, and how many of them might have been hoards. */
  readonly examined: { readonly objects: number; readonly collections: number }
  readonly noise: MeasuredNoise
  readonly durationMs: { readonly census: number; readonly naming: number; readonly measuring: number }
  readonly warnings: readonly ReportWarning[]
}
