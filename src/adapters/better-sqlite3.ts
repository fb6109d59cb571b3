/** better-sqlite3: SQLite's page cache, never its data. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { hasMethods, readMember } from './shape.js'
import { dataInMemory } from './sqlite-told.js'

/** The part of a database that is used. */
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
      'Pages that a transaction has changed, and those of a database in memory, stay: they are data. Of the latter a report shows what SQLite counts (`told`).',
      'SQLite frees at once: no collection is needed (`gc: "none"`), and its window pauses for a few milliseconds.',
      'A connection must not be used on both sides of a fork: it is left out of a twin.',
      'A closed database makes its row `failed`.',
    ],
  },
  matches: (value): value is BetterSqlite3Like =>
    hasMethods(value, 'pragma', 'prepare', 'exec') && typeof readMember(value, 'inTransaction') === 'boolean',
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
    // Of one without a file name: in memory, or temporary.
    told: () =>
      readMember(database, 'memory') === true ? dataInMemory((name) => database.pragma(name, { simple: true })) : null,
  }),
}

/**
 * The page cache of a database of the package better-sqlite3.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('orders.db', fromBetterSqlite3(new Database('orders.db')))
 */
export function fromBetterSqlite3(database: BetterSqlite3Like): Releasable {
  return adaptWith(betterSqlite3Adapter, database)
}
