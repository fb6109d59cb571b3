/** Owners for tests of what is made of them. */
import type { Discovery, Owner } from '../../src/twin/index.js'

/** A Map of 1,000 entries in `server.js` that nobody emptied, all of it on V8's heap. */
export function ownerOf(path: string | null, totalBytes: number, rest: Partial<Owner> = {}): Owner {
  const bytes = { heapBytes: totalBytes, memoryBytes: 0, totalBytes }
  return {
    path,
    script: 'file:///app/server.js',
    package: null,
    kind: 'collection',
    className: 'Map',
    entries: 1000,
    instances: 1,
    released: null,
    uncertaintyBytes: null,
    returned: null,
    disagreement: null,
    own: bytes,
    retained: bytes,
    partOf: null,
    cache: null,
    ...rest,
  }
}

/** A discovery that found them, of a heap that was not told. */
export function discoveryOf(owners: readonly Owner[]): Discovery {
  return {
    owners,
    live: null,
    others: { count: 0, totalBytes: 0 },
    noise: { allocatedBytes: null, heapBytes: null, mappedBytes: null },
    durationMs: { walking: 0, measuring: 0 },
    warnings: [],
  }
}
