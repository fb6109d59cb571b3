/** Who holds the resident memory: the rows of one table. Plain JSON. */
import type { Owner, PackageCost } from '../discovery/types.js'
import type { AttributionReport, CacheAttribution, ReturnedBytes } from '../types.js'
import type { Discovery } from '../discovery/types.js'
import type { MemoryNode, NamedBytes } from '../breakdown/types.js'

/**
 * `cache` is registered; `owner` was found by the graph of the heap; `package` is code and small data of one package; `engine` is
 * Node, V8, the allocator and what the kernel maps; `free` holds nothing; `garbage` is dead or new; `unknown` has no name.
 */
export type HoldingKind = 'cache' | 'owner' | 'package' | 'engine' | 'free' | 'garbage' | 'unknown'

/** One row: a part of the resident memory that lies in no other row. */
export interface Holding {
  /** The same for the same holder in every reading. */
  readonly key: string
  readonly kind: HoldingKind
  readonly name: string
  /** Resident bytes. Those of all rows add up to RSS. */
  readonly bytes: number
  /** By how much RSS falls when it is released, or given back; null where that was not measured. */
  readonly returned: ReturnedBytes | null
  /** Its meaning, or how to act on it; empty where its name says that. */
  readonly advice: string
  /** Its parts, the largest first; they may lie in each other. */
  readonly parts: readonly NamedBytes[]
  /** Of a cache that a report measured. */
  readonly row: CacheAttribution | null
  readonly owner: Owner | null
  readonly package: PackageCost | null
}

/** All rows of one reading, the largest first. */
export interface Holdings {
  readonly rssBytes: number
  readonly rows: readonly Holding[]
  /** Owners and packages were found to hold more than lives now: their rows were cut in proportion. */
  readonly isCut: boolean
}

/** The sources of the rows. */
export interface HoldingsInput {
  /** Where all of RSS is, divided by the caches as far as they are known. */
  readonly tree: MemoryNode
  readonly report: Pick<AttributionReport, 'caches' | 'mode'> | null
  readonly discovery: Discovery | null
  /** Whether every cache of `report` was released when the heap was walked: what is left of it then is no part of its row. */
  readonly isAfterRelease: boolean
}
