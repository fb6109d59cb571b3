/** node:sqlite: SQLite's page cache, never its data. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith } from './adapter.js'
import type { Adapter } from './adapter.js'
import { hasMethods, readMember } from './shape.js'
import { dataInMemory } from './sqlite-told.js'

/** The part of a `DatabaseSync` that is used. */
export interface NodeSqliteLike {
  /** Runs SQL. */
  exec(sql: string): unknown
  /** The one row of a PRAGMA. */
  prepare(sql: string): { get(): unknown }
  /** The database's file, null where it has none; from Node 22.16 and 24 on. */
  location?(): string | null
}

export const nodeSqliteAdapter: Adapter<NodeSqliteLike> = {
  info: {
    library: 'node:sqlite 22 to 26',
    version: null,
    name: 'fromNodeSqlite',
    shape: '`exec`, `prepare`, `createSession`, `isOpen`',
    releases: '`PRAGMA shrink_memory`',
    trims: null,
    entries: null,
    claimed: null,
    traits: { lossless: true, refillCost: 'low', gc: 'none', twin: false },
    traps: [
      'As of better-sqlite3: what a transaction has changed and a database in memory are data and stay; of the latter a report shows what SQLite counts (`told`).',
      'A connection must not be used on both sides of a fork: it is left out of a twin.',
      'A closed database makes its row `failed`.',
    ],
  },
  matches: (value): value is NodeSqliteLike =>
    hasMethods(value, 'exec', 'prepare', 'createSession', 'function') &&
    typeof (readMember(value, 'isOpen') ?? readMember(value, 'location')) !== 'undefined',
  adapt: (database): Releasable => ({
    release: () => {
      database.exec('PRAGMA shrink_memory')
    },
    told: () => (isNamed(database) ? null : dataInMemory((name) => valueOf(database.prepare(`PRAGMA ${name}`).get()))),
  }),
}

/** Whether it is known to have a file. */
function isNamed(database: NodeSqliteLike): boolean {
  return typeof database.location?.() === 'string'
}

function valueOf(row: unknown): unknown {
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined
}

/**
 * The page cache of a `DatabaseSync` of node:sqlite.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('orders.db', fromNodeSqlite(new DatabaseSync('orders.db')))
 */
export function fromNodeSqlite(database: NodeSqliteLike): Releasable {
  return adaptWith(nodeSqliteAdapter, database)
}
