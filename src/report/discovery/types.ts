/** The result of discover(): the owners of a process's live memory. Plain JSON. */
import type { PartKind } from '../../allocator/heap-walk.js'
import type { ByQuantity } from '../../measure/figures.js'
import type { Trend } from '../trends/types.js'
import type { AttributedBytes, ReportWarning, ReturnedBytes, RowError } from '../values.js'

/** The change of the same windows when nothing is released; null where there were no controls. */
export type MeasuredNoise = ByQuantity<number | null>

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
 * copies of one file that differ in their query; `sockets` (`requests` where there are none) are all connections that nothing
 * but Node holds, with their requests, answers and what they buffer.
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
  | 'sockets'
  | 'requests'

/** Where a function stands that an owner holds. */
export interface OwnerSite {
  /** Its name; null of one without. */
  readonly function: string | null
  readonly script: string
  /** From 1 on; null where V8 does not report it. */
  readonly line: number | null
  /** How many closures or calls of it the owner holds. */
  readonly count: number
}

/** A field of an object that is one collection with what its fields hold. */
export interface OwnerField {
  /** From the owner on: `#byId`, `store.items`. */
  readonly path: string
  readonly className: string
  /** As of an owner. */
  readonly entries: number | null
  /** Counted with the owner. */
  readonly totalBytes: number
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
  /** Of a Map, Set or array, and of an object that is joined with its `fields`; null of anything else, and where it is not known. */
  readonly entries: number | null
  /**
   * The collections in its fields that are one with it, the largest first: those of a cache that keeps a Map, a list and arrays. Absent
   * of an owner without such, and in a result of an older version.
   */
  readonly fields?: readonly OwnerField[]
  /** More than one where several with the same path, or held by nothing in particular, are reported together. */
  readonly instances: number
  /**
   * Measured: what came back when it was emptied in the twin, with the listed owners that lie in it. Null where it is nothing
   * that can be emptied safely (a function, a promise, variables, what is Node's): the graph's figures are all there is.
   */
  readonly released: AttributedBytes | null
  /** As a row of the report: half-width of the 95 % interval around `released.totalBytes`. */
  readonly uncertaintyBytes: number | null
  /**
   * By how much RSS falls with it, every freed page given back; null where it was not emptied, where it is smaller than a page of V8
   * (256 KiB), or where that is unknown.
   */
  readonly returned: ReturnedBytes | null
  /** Where `released` is further from `retained` than the ±: by how much, and why. Null where they agree. */
  readonly disagreement: string | null
  /** By the graph, without the listed owners that lie in it: these figures add up. */
  readonly own: GraphBytes
  /** By the graph, with them: what would go if it went. */
  readonly retained: GraphBytes
  /** Index in `owners` of the owner that this one lies in. */
  readonly partOf: number | null
  /**
   * Indices in `owners` of those that hold it as well, the first three: none of them alone keeps it alive, it goes when the last of
   * them does. Absent in a result of an older version.
   */
  readonly sharedBy?: readonly number[]
  /** The registered cache that it is, or lies in. */
  readonly cache: string | null
  /** As `worker_threads.threadId`, 0 of the main thread: in whose heap it lies; absent where one thread was searched. */
  readonly threadId?: number
  /** With a history attached, or several observations: how it changes over them. */
  readonly growth?: Trend
}

/** The kinds that {@link InFlight} counts. */
export type InFlightKind =
  'timers' | 'immediates' | 'calls' | 'generators' | 'promises' | 'sockets' | 'requests' | 'streams'

/**
 * Items that wait: timers and immediates by the function that they will call, suspended `calls` of async functions and
 * `generators` by theirs, pending `promises`, `sockets`, `requests` (and their answers) and other `streams` by their class and
 * the function that handles them, the closed ones that something still holds among them.
 */
export interface InFlight {
  readonly kind: InFlightKind
  readonly className: string
  /**
   * The function: of what a server got, that which handles its requests or connections, of other streams the first listener
   * that is not Node's own. Null where it is the class alone that they have in common.
   */
  readonly site: OwnerSite | null
  readonly count: number
  /** The bytes that would go with all of them, each byte counted once; other rows may hold some of it. */
  readonly retainedBytes: number
  /** Of sockets, requests and streams: bytes that wait to be read or sent; null where they do not report it. */
  readonly bufferedBytes: number | null
}

/** All that is strongly reachable, in bytes. */
export interface LiveMemory {
  readonly totalBytes: number
  /** Of it, objects on V8's heap; absent in a result of an older version. */
  readonly heapBytes?: number
  /** Of it, outside of V8's heap: the memory of Buffers and other ArrayBuffers, the text of external strings. */
  readonly memoryBytes?: number
  /** Of `memoryBytes`, what V8 maps itself (WebAssembly, resizable and shared buffers): no allocator counts it. Null where unknown. */
  readonly mappedBytes?: number | null
  /**
   * Of `allocatedBytes`, Node itself and V8's bookkeeping: what an empty process of this Node has allocated with the same built-in
   * modules, and what V8 keeps beside each page of its heap. Null where no such process could be measured.
   */
  readonly engineBytes?: number | null
  /**
   * `allocatedBytes` by what leads to them, by pointers in native memory: how much each package's addon holds is in `packages`.
   * Null where native memory could not be walked, absent in a result of an older version. No pointer leads to the
   * rest of `allocatedBytes`.
   */
  readonly native?: NativeMemory | null
  /** V8's heap in use when it was walked, right after collections: what is more than `heapBytes` is reached by nothing strong. */
  readonly usedHeapBytes?: number
  /** The allocator's count of live bytes then; null where it reports nothing. The excess over `memoryBytes` has no JavaScript owner in this thread's heap. */
  readonly allocatedBytes?: number | null
  /** In pieces of `leastBytes` and more, each with an owner. */
  readonly ownedBytes: number
  /** The rest: code, shapes and strings of all scripts, Node's own, and whatever is small. */
  readonly restBytes: number
}

/** Live native memory by whose it is, in bytes; each block counts once. */
export interface NativeMemory {
  /** Of Buffers, other ArrayBuffers and external strings of this thread, rounded as the allocator rounds. */
  readonly javascriptBytes: number
  /** Of ArrayBuffers that no object of this thread's heap has: of other threads, of messages under way. */
  readonly otherBufferBytes: number
  /** Memory that Node's own data lead to, and no addon's: Node, V8, their libraries and what handles hold, of all threads. */
  readonly nodeBytes: number
  /** Memory that data of addons lead to, this library's among them. */
  readonly addonBytes: number
}

/**
 * The parts of one package's memory. `application` is scripts in no package, `node` Node's own, `library` this library,
 * and `engine` what is of no script, or held by several.
 */
export interface PackageCost {
  readonly of: 'application' | 'package' | 'node' | 'library' | 'engine'
  /** The name under node_modules, of a library that an addon brought from elsewhere its file's; null of all but packages. */
  readonly package: string | null
  /** All of its live memory by the graph, Buffers included; over all packages the live memory. */
  readonly totalBytes: number
  /** Of it, in the pieces of owners: the data that they keep alive. The rest is code, and what is small. */
  readonly ownedBytes: number
  /**
   * Beside `totalBytes`: native memory that belongs to no JavaScript object. Of a package it is what its addons hold, of `node` what
   * Node's own data lead to, of `engine` V8's bookkeeping of its heap. Null where it is not known, absent of packages without any.
   */
  readonly nativeBytes?: number | null
  /** `totalBytes` by what it is, the largest first. */
  readonly kinds: readonly { readonly kind: PartKind; readonly totalBytes: number }[]
}

/** Memory that owners hold together: it is part of what their common dominator holds, and goes when the last of them goes. */
export interface SharedMemory {
  /** Index in `owners` of the one that it is counted with; null where it is in the rest. */
  readonly countedWith: number | null
  /** How two of its holders are reached, as `script` and `path` of owners; one alone shares it with the dominator itself. */
  readonly holders: readonly { readonly script: string | null; readonly path: string }[]
  /** Objects that are held by both. */
  readonly count: number
  readonly totalBytes: number
}

/** A worker thread of a discovery of all threads. */
export interface SearchedThread {
  /** As `worker_threads.threadId`. */
  readonly threadId: number
  /** The name that its worker was made with; null where it has none, and where this Node does not say (24.6 and later). */
  readonly name: string | null
  /** `failed`: `error` says why. `without-coordinator`: the thread has no coordinator that could be asked. */
  readonly status: 'searched' | 'failed' | 'without-coordinator'
  /** The bytes of its isolate; null where it did not report them. */
  readonly heapUsedBytes: number | null
  readonly heapTotalBytes: number | null
  readonly error?: RowError
}

/** Owners that are not listed, in one figure. */
export interface OtherOwners {
  readonly count: number
  readonly totalBytes: number
}

/** The result of `discover()`; plain JSON. */
export interface Discovery {
  /** The largest owners of live memory, registered caches included; empty where the heap could not be walked. */
  readonly owners: readonly Owner[]
  /** The least that an owner alone keeps alive, in bytes; absent in a result of an older version. */
  readonly leastBytes?: number
  /** The wholes that they are parts of; null where the heap could not be walked (a warning says why). */
  readonly live: LiveMemory | null
  /** All of live memory once more, by package, the largest first; absent in a result of an older version. */
  readonly packages?: readonly PackageCost[]
  /**
   * Items that wait, whatever they hold, the largest first, at most `limit` of each kind; empty where the heap could not be walked,
   * absent in a result of an older version.
   */
  readonly inFlight?: readonly InFlight[]
  /** Memory that listed owners hold together, the largest first, at most `limit`; absent in a result of an older version. */
  readonly shared?: readonly SharedMemory[]
  /** The worker threads, where all threads were to be searched. Figures of the result are then those of all that were. */
  readonly threads?: readonly SearchedThread[]
  /** Owners beyond the limit. */
  readonly others: OtherOwners
  /** Of the windows in which owners were emptied. */
  readonly noise: MeasuredNoise
  readonly durationMs: { readonly walking: number; readonly measuring: number }
  readonly warnings: readonly ReportWarning[]
}
