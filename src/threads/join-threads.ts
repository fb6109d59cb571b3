/** From the reports of threads to caches over all of them; pure. */
import { extremesOf, rootOfSquares } from '../report/statistics.js'
import type { CacheAttribution } from '../report/types.js'
import { wholeOf } from '../report/whole.js'
import type { CacheInThread, CacheOfThreads, ThreadResult } from './types.js'

interface Part extends CacheInThread {
  readonly uncertaintyBytes: number | null
}

/** The caches of all threads by name, the largest first. Several of one name in a thread are one. */
export function joinThreads(threads: readonly ThreadResult[]): CacheOfThreads[] {
  const parts = new Map<string, Map<number, Part>>()
  for (const { threadId, reports } of threads) {
    for (const { caches, mode } of reports) {
      for (const row of caches) {
        const ofCache = parts.get(row.name) ?? new Map<number, Part>()
        parts.set(row.name, ofCache)
        const part = partOf(threadId, row, mode)
        if (part !== null) ofCache.set(threadId, together(ofCache.get(threadId), part))
      }
    }
  }
  return [...parts]
    .map(([name, ofCache]) => joined(name, [...ofCache.values()]))
    .toSorted((a, b) => (b.totalBytes ?? -Infinity) - (a.totalBytes ?? -Infinity))
}

function partOf(threadId: number, row: CacheAttribution, mode: Parameters<typeof wholeOf>[1]): Part | null {
  const { bytes, uncertaintyBytes } = wholeOf(row, mode)
  return bytes.totalBytes === null ? null : { threadId, totalBytes: bytes.totalBytes, uncertaintyBytes }
}

function together(a: Part | undefined, b: Part): Part {
  if (a === undefined) return b
  return {
    threadId: b.threadId,
    totalBytes: a.totalBytes + b.totalBytes,
    uncertaintyBytes: rootOfSquares([a.uncertaintyBytes, b.uncertaintyBytes]),
  }
}

function joined(name: string, parts: readonly Part[]): CacheOfThreads {
  const extremes = extremesOf(parts)
  if (extremes === null) {
    return { name, threads: 0, totalBytes: null, uncertaintyBytes: null, least: null, medianBytes: null, most: null }
  }
  const { least, medianBytes, most } = extremes
  return {
    name,
    threads: parts.length,
    totalBytes: parts.reduce((sum, { totalBytes }) => sum + totalBytes, 0),
    uncertaintyBytes: rootOfSquares(parts.map(({ uncertaintyBytes }) => uncertaintyBytes)),
    least: { threadId: least.threadId, totalBytes: least.totalBytes },
    medianBytes,
    most: { threadId: most.threadId, totalBytes: most.totalBytes },
  }
}
