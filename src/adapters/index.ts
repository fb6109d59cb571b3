/**
 * Adapters: the caches that a service already has, made releasable with one line each.
 *
 * @packageDocumentation
 */
export { fromCache } from './from-cache.js'
export { fromBetterSqlite3 } from './better-sqlite3.js'
export { fromCacheManager } from './cache-manager.js'
export { fromCacheable } from './cacheable.js'
export { fromCacheableMemory } from './cacheable-memory.js'
export { fromClearable } from './clearable.js'
export { fromMap, fromSet } from './collections.js'
export { fromDataLoader } from './dataloader.js'
export { fromFlru } from './flru.js'
export { fromKeyValueCache } from './keyvaluecache.js'
export { fromKeyv } from './keyv.js'
export { fromLodashMemoize } from './lodash-memoize.js'
export { fromLruCache } from './lru-cache.js'
export { fromMnemonist } from './mnemonist.js'
export { fromNodeCache } from './node-cache.js'
export { fromNodeSqlite } from './node-sqlite.js'
export { fromPMemoize } from './p-memoize.js'
export { fromQuickLru } from './quick-lru.js'
export { fromSharp } from './sharp.js'
export { fromTinyLru } from './tiny-lru.js'
export { fromTtlCache } from './ttlcache.js'
export { fromUndici } from './undici.js'
