/** The common parts of the examples of the admin endpoint: a cache, and the requests that an operator would make. */
import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { Coordinator } from 'cache-attribution'
import type { AttributionReport } from 'cache-attribution'

const ENTRIES = 2000
const ENTRY_BYTES = 8192

/** A coordinator with one cache of 16 MB in it. */
export function coordinatorWithCache(): { readonly coordinator: Coordinator; readonly pages: Map<number, Buffer> } {
  const pages = new Map<number, Buffer>()
  for (let page = 0; page < ENTRIES; page++) pages.set(page, Buffer.alloc(ENTRY_BYTES, 1))
  const coordinator = new Coordinator()
  coordinator.register('pages', { release: () => pages.clear(), entries: () => pages.size })
  return { coordinator, pages }
}

/** Listens on a free port of the loopback interface, whatever the framework. */
export async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Reads the caches, measures, and tries requests that must be refused. Sets the exit code if a check fails. */
export async function checkAdmin(
  port: number,
  pages: ReadonlyMap<number, Buffer>,
  path = '/debug/memory',
): Promise<void> {
  const base = `http://localhost:${port}${path}`
  console.log(await (await fetch(base)).text())

  const { modes } = (await (await fetch(`${base}/status`)).json()) as { modes: readonly string[] }
  // In a twin nothing is lost. Where no twin can be made, the request must ask for a release.
  const inTwin = modes.includes('twin')
  const answer = await fetch(`${base}/attribution${inTwin ? '' : '?mode=release'}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ only: ['pages'] }),
  })
  const report = (await answer.json()) as AttributionReport
  const measured = report.caches[0]?.released.allocatedBytes ?? 0
  console.log(`POST /attribution (${report.mode}): pages hold ${(measured / 2 ** 20).toFixed(1)} MiB`)

  const foreign = { method: 'POST', headers: { origin: 'https://evil.example' } }
  const statuses = {
    'a page of another origin may not release': (await fetch(`${base}/caches/pages/release`, foreign)).status === 403,
    'GET does not release': (await fetch(`${base}/caches/pages/release`)).status === 405,
    'every other path is the framework’s': (await (await fetch(`http://localhost:${port}/hello`)).text()) === 'hello',
    'the cache was measured': measured > 0.95 * ENTRIES * ENTRY_BYTES && measured < 1.2 * ENTRIES * ENTRY_BYTES,
    'a twin costs no entry': !inTwin || pages.size === ENTRIES,
  }
  for (const [what, holds] of Object.entries(statuses)) {
    console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}`)
    if (!holds) process.exitCode = 1
  }
}
