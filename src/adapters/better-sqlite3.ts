/** better-sqlite3: SQLite's page cache, never its data. */
import type { Releasable, ToldBytes } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { hasMethods, read } from './shape.js'

/** What of a database is used. */
export interface BetterSqlite3Like {
  /** Runs a PRAGMA. */
  pragma(source: string, options?: { simple?: boolean }): unknown
  /** Known by it; not called. */
  prepare(source: string): unknown
}

export const betterSqlite3Adapter: Adapter<BetterSqlite3Like> = {
  info: {
    library: 'better-sqlite3',
    version: '12',
    name: 'fromBetterSqlite3',
    shape: '`pragma`, `prepare`, `inTransaction`',
    releases: '`PRAGMA shrink_memory`; `cache_size` is put back where that changed it',
    trims: null,
    entries: null,
    claimed: null,
    traits: { lossless: true, refillCost: 'low', gc: 'none', twin: false },
    traps: [
      'Pages that a transaction has changed, and those of a database in memory, stay: they are data. Of the latter a report tells what SQLite counts (`told`).',
      'SQLite frees at once: no collection is needed (`gc: "none"`), and its window pauses for a few milliseconds.',
      'A connection must not be used on both sides of a fork: it is left out of a twin.',
      'A closed database makes its row `failed`.',
    ],
  },
  matches: (value): value is BetterSqlite3Like =>
    hasMethods(value, 'pragma', 'prepare', 'exec') && typeof read(value, 'inTransaction') === 'boolean',
  adapt: (database): Releasable => ({
    release: () => {
      const size = database.pragma('cache_size', { simple: true })
      try {
        database.pragma('shrink_memory')
      } finally {
        if (typeof size === 'number' && database.pragma('cache_size', { simple: true }) !== size) {
          database.pragma(`cache_size = ${String(size)}`)
        }
      }
    },
    told: () => dataInMemory(database),
  }),
}

/** Of a database in memory, what SQLite counts of its data; a file's page cache it does not tell in SQL. */
function dataInMemory(database: BetterSqlite3Like): ToldBytes | null {
  if (read(database, 'memory') !== true) return null
  const pages = database.pragma('page_count', { simple: true })
  const pageBytes = database.pragma('page_size', { simple: true })
  if (typeof pages !== 'number' || typeof pageBytes !== 'number') return null
  return { bytes: pages * pageBytes, source: 'SQLite (page_count × page_size of a database in memory)' }
}

/**
 * The page cache of a database of the package better-sqlite3.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 */
export function fromBetterSqlite3(database: BetterSqlite3Like): Releasable {
  return adaptWith(betterSqlite3Adapter, database)
}
