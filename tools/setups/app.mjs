// The program that every set-up runs: one cache of 25,000,000 bytes, measured in a twin and by release, owners, and the page. It prints
// one line for tools/check-setups.mjs. Without top-level await, so that it can be bundled as CommonJS, too.
import { Coordinator } from 'cache-attribution'
import { createAdminHandler } from 'cache-attribution/http'
import { discover, supportsTwin } from 'cache-attribution/twin'

const ENTRIES = 5000
const BYTES = 5000

const cache = new Map()
const fill = () => {
  for (let key = 0; key < ENTRIES; key++) cache.set(key, Buffer.allocUnsafeSlow(BYTES).fill(1))
}

async function main() {
  fill()
  const coordinator = Coordinator.default()
  coordinator.register('known', { release: () => cache.clear(), entries: () => cache.size })
  const released = ({ caches }) => caches[0].released.totalBytes
  const { supported, reason } = supportsTwin()
  const twinBytes = supported ? released(await coordinator.attribute()) : reason
  const entriesAfterTwin = cache.size
  const owner = supported ? (await discover({ limit: 5 })).owners[0] : null
  const releaseBytes = released(await coordinator.attribute({ mode: 'release' }))
  const handler = createAdminHandler(coordinator, { basePath: '/memory', authorize: () => true })
  const page = await handler(new Request('http://localhost/memory/', { headers: { accept: 'text/html' } }))
  const text = await page.text()
  return {
    twinBytes,
    entriesAfterTwin,
    releaseBytes,
    entriesAfterRelease: cache.size,
    owner: owner === null ? null : { className: owner.className, totalBytes: owner.retained.totalBytes },
    page: { status: page.status, bytes: text.length, isWhole: text.trimEnd().endsWith('</html>') },
  }
}

main().then(
  (answer) => console.log(`\nRESULT ${JSON.stringify(answer)}`),
  (error) => {
    console.log(`\nREFUSED ${JSON.stringify({ code: error.code, message: error.message })}`)
    process.exitCode = 3
  },
)
