/**
 * All adapters, in the order in which `fromCache()` tries them.
 *
 * Rule: most specific first. A quick-lru is a Map, a sharp has a `cache`, and nearly everything has a `clear()`.
 */
import type { AdapterInfo, AnyAdapter } from './adapter.js'
import { abstractCacheAdapter } from './abstract-cache.js'
import { apolloServerAdapter } from './apollo-server.js'
import { betterSqlite3Adapter } from './better-sqlite3.js'
import { cacheManagerAdapter } from './cache-manager.js'
import { cacheableAdapter } from './cacheable.js'
import { cacheableMemoryAdapter } from './cacheable-memory.js'
import { catboxMemoryAdapter } from './catbox-memory.js'
import { clearableAdapter } from './clearable.js'
import { mapAdapter, setAdapter } from './collections.js'
import { dataLoaderAdapter } from './dataloader.js'
import { flruAdapter } from './flru.js'
import { keyValueCacheAdapter } from './keyvaluecache.js'
import { keyvAdapter } from './keyv.js'
import { lodashMemoizeAdapter } from './lodash-memoize.js'
import { lruCacheAdapter } from './lru-cache.js'
import { lruCache5Adapter } from './lru-cache-5.js'
import { lruMapAdapter } from './lru-map.js'
import { memoizeeAdapter } from './memoizee.js'
import { memoryCacheAdapter } from './memory-cache.js'
import { microMemoizeAdapter, moizeAdapter } from './micro-memoize.js'
import { mnemonistAdapter } from './mnemonist.js'
import { nextCacheAdapter, nextHandlerAdapter, nextLruAdapter } from './next.js'
import { nodeCacheAdapter } from './node-cache.js'
import { nodeSqliteAdapter } from './node-sqlite.js'
import { ocacheAdapter } from './ocache.js'
import { pMemoizeAdapter } from './p-memoize.js'
import { quickLruAdapter } from './quick-lru.js'
import { sharpAdapter } from './sharp.js'
import { tinyLruAdapter } from './tiny-lru.js'
import { ttlCacheAdapter } from './ttlcache.js'
import { undiciStoreAdapter } from './undici.js'
import { unstorageAdapter, unstorageDriverAdapter } from './unstorage.js'

/** Known by shape before the refusals: each says itself what of it may be touched. */
export const SPECIFIC: readonly AnyAdapter[] = [
  betterSqlite3Adapter,
  nodeSqliteAdapter,
  sharpAdapter,
  undiciStoreAdapter,
  ocacheAdapter,
  apolloServerAdapter,
  unstorageAdapter,
  unstorageDriverAdapter,
  nextHandlerAdapter,
  nextCacheAdapter,
  cacheManagerAdapter,
  cacheableAdapter,
  keyvAdapter,
  cacheableMemoryAdapter,
  keyValueCacheAdapter,
  memoizeeAdapter,
  moizeAdapter,
  microMemoizeAdapter,
  lodashMemoizeAdapter,
  dataLoaderAdapter,
  nodeCacheAdapter,
  memoryCacheAdapter,
  catboxMemoryAdapter,
  abstractCacheAdapter,
  nextLruAdapter,
  mnemonistAdapter,
  lruMapAdapter,
  lruCache5Adapter,
  lruCacheAdapter,
  ttlCacheAdapter,
  quickLruAdapter,
  tinyLruAdapter,
  mapAdapter,
  setAdapter,
  flruAdapter,
]

/** Tried when nothing was recognised and nothing refused. */
export const LAST: AnyAdapter = clearableAdapter

/** The rows of docs/reference/adapters.md. */
export const ADAPTER_TABLE: readonly AdapterInfo[] = [...SPECIFIC, pMemoizeAdapter, LAST]
  // Known in order to be refused: the table has it under the incremental cache.
  .filter((adapter) => adapter !== nextHandlerAdapter)
  .map(({ info }) => info)
