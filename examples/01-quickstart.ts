/**
 * The smallest program: one cache, one run, one table. It also runs without jemalloc, on glibc's own statistics.
 *
 *   npx cache-attribution run dist/examples/01-quickstart.js
 */
import { Coordinator, formatReport } from 'cache-attribution'
import { supportsTwin } from 'cache-attribution/twin'

const thumbnails = new Map<string, Buffer>()
const bytesHeld = fill(500)

const coordinator = new Coordinator()
coordinator.register('thumbnails', {
  release: () => thumbnails.clear(),
  entries: () => thumbnails.size,
})
// By default a twin (a fork of this process) is measured, and every entry stays. Where no twin can be made, the cache is released.
const report = await coordinator.attribute(supportsTwin().supported ? {} : { mode: 'release' })
console.log(formatReport(report))

await coordinator.close()
check()

/** Stands for the traffic that fills a real cache. Returns the bytes that it put there. */
function fill(count: number): number {
  for (let index = 0; index < count; index++) thumbnails.set(`/thumbnails/${index}.webp`, Buffer.alloc(64 * 1024))
  return [...thumbnails.values()].reduce((sum, thumbnail) => sum + thumbnail.length, 0)
}

/** A check of this example, not to be copied: the size is known here, and is compared with the measured row. */
function check(): void {
  if (report.mode === 'twin' && thumbnails.size !== 500) {
    console.error('Self-check failed: the twin cost entries.')
    process.exitCode = 1
  }
  const measured = report.caches[0]?.released.allocatedBytes ?? null
  if (measured === null) {
    console.log('\nThis system has no allocator statistics, so Buffers cannot be measured: nothing to check.')
    return
  }
  const errorShare = Math.abs(measured / bytesHeld - 1)
  console.log(`\nThe Map held ${bytesHeld} bytes; the row is ${(100 * errorShare).toFixed(2)} % off.`)
  if (errorShare > 0.01) {
    console.error('Self-check failed: more than 1 % off.')
    process.exitCode = 1
  }
}
