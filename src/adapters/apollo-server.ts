/** Apollo Server: the store of parsed and validated documents. */
import type { Releasable } from '../coordinator/releasable.js'
import { adaptWith, refused } from './adapter.js'
import type { Adapter } from './adapter.js'
import { storeInProcess } from './in-process.js'
import { keyValueCacheAdapter } from './keyvaluecache.js'
import { dataMember, hasMethods } from './shape.js'

/** The part of an ApolloServer that is used. */
export interface ApolloServerLike {
  /** Known by it; not called. */
  executeOperation(request: never): unknown
}

export const apolloServerAdapter: Adapter<ApolloServerLike> = {
  info: {
    library: '@apollo/server',
    version: '5',
    oldest: '4',
    name: 'fromApolloServer',
    shape: '`executeOperation`, `addPlugin`, `assertStarted`',
    releases: 'its document store, where that is an InMemoryLRUCache or another cache of this table',
    trims: 'as of lru-cache',
    entries: '`size` of the document store; unknown before `start()`',
    claimed: "the document store's: bytes of the documents as JSON",
    traits: { lossless: true, refillCost: 'low', twin: true },
    traps: [
      'A new schema brings a new store: it is found anew at every release.',
      'Its `cache`, of persisted queries and responses, is another one: `fromCache(server.cache)`.',
      'A document takes several times the JSON that the store counts.',
      'With `documentStore: null` there is nothing to release. One that is not memory of this process is refused at the release.',
    ],
  },
  matches: (value): value is ApolloServerLike => hasMethods(value, 'executeOperation', 'addPlugin', 'assertStarted'),
  adapt: (server): Releasable => ({
    release: (context) => documentsOf(server)?.release(context),
    entries: () => documentsOf(server)?.entries?.() ?? null,
    claimedBytes: () => documentsOf(server)?.claimedBytes?.() ?? null,
    trimChoices: ['coldest', 'random'],
    trim: (fraction, context) => documentsOf(server)?.trim?.(fraction, context),
  }),
}

/** The store of the present schema; undefined before the server has one, or where it keeps no documents. */
function documentsOf(server: object): Releasable | undefined {
  const state = ['internals', 'state', 'schemaManager', 'schemaDerivedData', 'documentStore'].reduce<unknown>(
    (holder, name) => (typeof holder === 'object' && holder !== null ? dataMember(holder, name) : undefined),
    server,
  )
  if (typeof state !== 'object' || state === null) return undefined
  if (keyValueCacheAdapter.matches(state)) return adaptWith(keyValueCacheAdapter, state)
  const known = storeInProcess(state)
  if (known !== undefined) return known
  throw refused('the documentStore of this Apollo Server', 'it is not known to be memory of this process')
}

/**
 * The document store of an ApolloServer.
 *
 * @throws CacheAttributionError `ERR_ADAPTER_UNKNOWN`
 * @example
 * coordinator.register('graphql documents', fromApolloServer(server))
 */
export function fromApolloServer(server: ApolloServerLike): Releasable {
  return adaptWith(apolloServerAdapter, server)
}
