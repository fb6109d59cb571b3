// The program that tools/try-platforms.mjs runs on a platform, in a folder where the package is installed: a cache of 25,000,000 bytes in a twin and by
// release, its owner, a profile, the page. It prints one line of JSON.
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { Coordinator } from 'cache-attribution'
import { createAdminHandler } from 'cache-attribution/http'
import { HeapProfiler } from 'cache-attribution/profiling'
import { discover, supportsTwin } from 'cache-attribution/twin'

const KNOWN_BYTES = 25_000_000
const cache = new Map()
for (let key = 0; key < 5000; key++) cache.set(key, Buffer.allocUnsafeSlow(5000).fill(1))

/** @param {number | null | undefined} bytes */
const isRight = (bytes) => Number(bytes) > KNOWN_BYTES && Number(bytes) < KNOWN_BYTES * 1.12
const [, pageKib = ''] = /KernelPageSize: +(\d+)/.exec(readFileSync('/proc/self/smaps', 'latin1')) ?? []
const coordinator = new Coordinator()
coordinator.register('known', { release: () => cache.clear(), entries: () => cache.size })
/** @type {Record<string, unknown>} */
const answer = { node: process.version, arch: process.arch, pageKib: Number(pageKib) }

/** @param {string} name @param {() => Promise<unknown>} attempt */
async function tryTo(name, attempt) {
  try {
    answer[name] = await attempt()
  } catch (error) {
    answer[name] = String(/** @type {any} */ (error).code ?? error)
  }
}

const { supported, reason } = supportsTwin()
await tryTo('twin', async () => {
  if (!supported) return reason
  const { caches } = await coordinator.attribute({ mode: 'twin' })
  answer['twinBytes'] = caches[0]?.released.totalBytes
  return isRight(caches[0]?.released.totalBytes) && cache.size === 5000
})
await tryTo('discover', async () => supported && isRight((await discover({ limit: 3 })).owners[0]?.retained.totalBytes))
await tryTo('profile', async () => {
  const profiler = new HeapProfiler()
  const captured = profiler.capture({ kind: 'js', seconds: 1, sampleBytes: 4096 })
  const kept = Array.from({ length: 20_000 }, (_, id) => ({ id }))
  const profile = await captured
  await profiler.close()
  return profile !== undefined && kept.length > 0
})
await tryTo('page', async () => {
  const handler = createAdminHandler(coordinator, { basePath: '/memory', authorize: () => true })
  const response = await handler(new Request('http://localhost/memory/', { headers: { accept: 'text/html' } }))
  return response.status === 200 && (await response.text()).trimEnd().endsWith('</html>')
})
await tryTo('release', async () => {
  const report = await coordinator.attribute({ mode: 'release' })
  const { name, version } = report.process.allocator
  answer['figures'] = version === null ? name : `${name} ${version}`
  answer['releaseBytes'] = report.caches[0]?.released.totalBytes
  return isRight(report.caches[0]?.released.totalBytes)
})
await coordinator.close()
console.log(`\nRESULT ${JSON.stringify(answer)}`)
