/**
 * The answers of the walk of V8's heap, as native/ gives them.
 *
 * Rule: the lists of kinds have the order of native/heap-parts.h and native/heap-items.h.
 */

/** A heap that was not walked. */
export interface NoHeapWalk {
  readonly reason: string
}

/** A walked heap: who holds what is strongly reachable. Bytes. */
export interface HeapOwners {
  readonly reason?: undefined
  readonly objectBytes: number
  readonly totalBytes: number
  /** Of V8's read-only space, which is part of `objectBytes` and not of `totalBytes`. */
  readonly readOnlyBytes: number
  /** Of memories that V8 maps itself, which the allocator does not count; -1 where that is not known. */
  readonly mappedBytes: number
  /** Of V8's table of strings, which lies outside its heap; 0 where that is not known. */
  readonly tableBytes: number
  /** Native memory by whose it is; absent where the owners are V8's snapshot's. */
  readonly native?: RawNative | NoHeapWalk
  /** In no owner. */
  readonly restBytes: number
  readonly owners: readonly RawOwner[]
  /** Where references to owners come from. */
  readonly holders: readonly RawHolder[]
  /** Parts that lie in one owner's piece and are held out of others. */
  readonly shared: readonly RawShared[]
  /** All of `totalBytes` once more, by script and kind. */
  readonly parts: readonly RawPart[]
  /** Things that wait, owners or not. */
  readonly items: readonly RawItems[]
}

/** The allocator's live bytes by what leads to them. Blocks of which no pointer is found are in none of these. */
export interface RawNative {
  readonly reason?: undefined
  /** Memory of ArrayBuffers and of strings outside the heap, of the graph's objects. */
  readonly javascriptBytes: number
  /** Memory of ArrayBuffers that no object of the graph has: of other threads, of messages under way. */
  readonly otherBufferBytes: number
  /** Of Node, V8 and their libraries, all threads together. */
  readonly nodeBytes: number
  /** Of this library's addon. */
  readonly libraryBytes: number
  /** Of other addons and the libraries that they brought, by the file that is loaded. */
  readonly addons: readonly { readonly file: string; readonly bytes: number; readonly count: number }[]
}

/** References from the piece of one owner to another owner, or to members of its group. */
export interface RawHolder {
  /** Place in `owners`. */
  readonly owner: number
  /** The same; -1 where they come out of no owner's piece. */
  readonly holder: number
  readonly count: number
  /** Of the members of a group that is known by its class alone, those that nothing else holds, in bytes. */
  readonly aloneBytes: number
  /** The part of them outside V8's heap. */
  readonly aloneMemoryBytes: number
}

/** A part that two hold together, by how each is reached; texts are empty where nothing shows, both of the dominator itself. */
export interface RawShared {
  /** Place in `owners`: in whose piece it lies, its dominator's; -1 of what is in nobody's. */
  readonly owner: number
  readonly firstPath: string
  readonly firstScript: string
  readonly secondPath: string
  readonly secondScript: string
  readonly count: number
  readonly bytes: number
}

/** Items of one kind with one function, or of one class. */
export interface RawItems {
  /** Place in {@link ITEM_KINDS}. */
  readonly item: number
  readonly className: string
  /** Empty, and the line 0, where there is no function. */
  readonly siteName: string
  readonly siteScript: string
  readonly siteLine: number
  readonly count: number
  readonly retainedBytes: number
  /** -1 where nothing is buffered in such, or where they do not report it. */
  readonly bufferedBytes: number
}

/**
 * The material of a part of live memory. The order is that of native/heap-parts.h: `data` are objects and what is
 * dominated by them, `source` the text of scripts, `bytecode` with its constants, `machine code` of the compilers, `feedback`
 * what V8 learnt of a function's calls, `functions` the descriptions of functions and scopes, `shapes` V8's maps and
 * descriptors, `closures` functions as objects and the variables of their calls, `modules` as V8 and Node keep them,
 * `strings` and `tables` what several hold.
 */
export const PART_KINDS = [
  'data',
  'source',
  'bytecode',
  'machine code',
  'feedback',
  'functions',
  'shapes',
  'closures',
  'modules',
  'strings',
  'tables',
] as const

/** One of {@link PART_KINDS}. */
export type PartKind = (typeof PART_KINDS)[number]

/**
 * The events that members of a group wait for, in the order of native/heap-items.h: timers and immediates by the function that
 * they call, suspended calls of async functions and generators by theirs, modules that were loaded several times.
 */
export const ITEM_KINDS = [
  'none',
  'timers',
  'immediates',
  'calls',
  'generators',
  'modules',
  'promises',
  'sockets',
  'requests',
  'streams',
] as const

/** One of {@link ITEM_KINDS}. */
export type ItemKind = (typeof ITEM_KINDS)[number]

/** One script's part of one kind. */
export interface RawPart {
  /** Empty where it is of no script: V8's own. */
  readonly script: string
  /** Place in {@link PART_KINDS}. */
  readonly kind: number
  readonly count: number
  /** In no owner's piece: on V8's heap. */
  readonly heapBytes: number
  /** The same outside of it. */
  readonly memoryBytes: number
  /** In owners' pieces, both together. */
  readonly ownedBytes: number
}

/** An owner as the addon shows it; texts are empty and numbers -1 where there is none. */
export interface RawOwner {
  readonly className: string
  readonly path: string
  readonly script: string
  /** The script that all its members are of, by what they say or who holds them; empty where there is none, or several. */
  readonly label: string
  readonly instances: number
  /** Place in {@link ITEM_KINDS}. */
  readonly item: number
  /** The function that its members are of, or that most of it is of; empty where there is none. */
  readonly siteName: string
  readonly siteScript: string
  /** From 1 on; 0 where it is not known. */
  readonly siteLine: number
  /** How many closures of that function it holds; 0 of a group of items. */
  readonly functions: number
  readonly ownBytes: number
  /** The part of `ownBytes` outside V8's heap. */
  readonly memoryBytes: number
  /** `ownBytes` by {@link PART_KINDS}, in their order. */
  readonly kindBytes: readonly number[]
  readonly entries: number
  /** Place among the owners of the one that it lies in. */
  readonly partOf: number
  /** Place in `known` of the object that it is or lies in. */
  readonly known: number
  /** The owner itself, where it is a plain object, an array, a Map or a Set. */
  object?: object
}

/** A walked heap: what is strongly reachable, by class. Bytes. */
export interface HeapClasses {
  readonly reason?: undefined
  readonly nodes: number
  readonly edges: number
  /** Of all objects on V8's heap: what `used_heap_size` counts, right after a collection. */
  readonly objectBytes: number
  /** Of strings whose text lies outside the heap; part of their classes' shallow bytes. */
  readonly externalBytes: number
  readonly classes: readonly {
    readonly className: string
    readonly count: number
    readonly shallowBytes: number
    readonly retainedBytes: number
    /** Of the one that retains the most, and how that one is reached; texts are empty where nothing shows. */
    readonly largestBytes: number
    readonly path: string
    readonly script: string
  }[]
  /** For each of `objects`; -1 of one that was not met. */
  readonly retained: readonly number[]
}
