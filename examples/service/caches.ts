/** The caches of the service, and how each is registered. */
import type { Coordinator } from 'cache-attribution'
import { LRUCache } from 'lru-cache'
import type { ParsedDocument } from './documents.js'
import type { SearchIndex } from './search.js'

const MIB = 1024 * 1024

/** The data that the service keeps in memory so as not to read, compress or parse it again. */
export class ServiceCaches {
  /** File contents by path: Buffers, bounded by their bytes. */
  readonly files = new LRUCache<string, Buffer>({
    maxSize: 64 * MIB,
    // lru-cache refuses a size of 0, which an empty file has.
    sizeCalculation: (content) => Math.max(1, content.length),
  })

  /** Compressed contents by encoding and path: Buffers. There are no more than files in the catalogue. */
  readonly compressed = new Map<string, Buffer>()

  /** Parsed files by path: trees of JavaScript objects. */
  readonly documents = new Map<string, ParsedDocument>()

  readonly #loading = new Map<string, Promise<unknown>>()

  /** Joins requests that miss the same thing at the same time. */
  async once<T>(key: string, load: () => Promise<T>): Promise<T> {
    const loading = this.#loading.get(key) as Promise<T> | undefined
    if (loading !== undefined) return loading
    const started = load().finally(() => this.#loading.delete(key))
    this.#loading.set(key, started)
    return started
  }
}

/** Tells the coordinator how each cache is released, and what it claims to hold. */
export function registerCaches(coordinator: Coordinator, caches: ServiceCaches, index: SearchIndex | null): void {
  const { files, compressed, documents } = caches
  coordinator.register('files', {
    release: () => files.clear(),
    entries: () => files.size,
    claimedBytes: () => files.calculatedSize,
  })
  coordinator.register('compressed', {
    release: () => compressed.clear(),
    entries: () => compressed.size,
    claimedBytes: () => sum(compressed.values(), (content) => content.length),
  })
  coordinator.register('documents', {
    release: () => documents.clear(),
    entries: () => documents.size,
    // Many a cache of objects is budgeted like this: by the text that the objects were parsed from.
    claimedBytes: () => sum(documents.values(), (document) => document.sourceBytes),
  })
  if (index === null) return
  // SQLite frees its pages itself, within the call: no garbage collection is needed to see that.
  coordinator.register('sqlite pages', { release: () => index.shrinkMemory() }, { gc: 'none' })
}

function sum<T>(items: Iterable<T>, bytes: (item: T) => number): number {
  let total = 0
  for (const item of items) total += bytes(item)
  return total
}
