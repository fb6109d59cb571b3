/**
 * The cost of the library for a service that only has it loaded: requests in turns of a few seconds with 50 caches registered
 * and observe() every second, against none, two servers alternating under the same load.
 *
 *   node dist/bench/throughput.js [--rounds 10] [--seconds 4]
 */
import http from 'node:http'
import { fileURLToPath } from 'node:url'
import { compareThroughput, serveAsPair, variantHere } from './support/pair.js'

if (variantHere() === undefined) {
  console.log(`### Throughput with the library loaded, Node ${process.version}\n`)
  await compareThroughput(fileURLToPath(import.meta.url))
} else {
  await serve(variantHere() === 'with')
}

/** A service of caches under way: each request reads one of 50 Maps and answers with JSON. */
async function serve(isObserved: boolean): Promise<void> {
  const caches = Array.from(
    { length: 50 },
    () => new Map(Array.from({ length: 1000 }, (_, key) => [key, { key, text: 'x'.repeat(50) }])),
  )
  if (isObserved) {
    const { Coordinator } = await import('cache-attribution')
    const coordinator = new Coordinator()
    for (const [index, cache] of caches.entries()) {
      coordinator.register(`cache-${String(index)}`, {
        release: () => {
          cache.clear()
        },
        entries: () => cache.size,
        claimedBytes: () => cache.size * 100,
      })
    }
    setInterval(() => coordinator.observe(), 1000).unref()
  }
  let turn = 0
  await serveAsPair(
    http.createServer((_request, response) => {
      turn++
      const cache = caches[turn % caches.length]
      response.end(JSON.stringify(Array.from({ length: 20 }, (_, index) => cache?.get((turn * 7 + index) % 1000))))
    }),
  )
}
