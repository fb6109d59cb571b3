/**
 * The cost of the admin endpoint for a service that has it mounted, without a request to it: requests a second of an Express app without
 * the hook, with it as a middleware, with it before the app, and with a middleware that does nothing, in turn. And how long
 * `GET /caches` takes with a thousand caches.
 *
 *   node dist/bench/admin.js --rounds 40 --seconds 1 [--looks 200]
 */
import http from 'node:http'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { Coordinator } from 'cache-attribution'
import { createAdminHandler, toNodeListener } from 'cache-attribution/http'
import type { NodeListener } from 'cache-attribution/http'
import { compareThroughput, inOneProcess, serveTogether, variantHere } from './support/pair.js'
import { flags } from './support/processes.js'
import { medianOf, quantile, verdict } from './support/table.js'

const CACHES = 1000
const LOOK_BAR_MS = 20
/** The two mounts of docs/reference/http.md, and what a middleware costs in Express that only calls the next one. */
const [MIDDLEWARE, BEFORE, NOTHING] = ['middleware', 'before', 'nothing'] as const
const script = fileURLToPath(import.meta.url)

if (variantHere() === undefined) {
  console.log(`### An Express app with the admin endpoint mounted, Node ${process.version}\n`)
  await compareThroughput(script, [MIDDLEWARE, BEFORE, NOTHING], [BEFORE], inOneProcess)
  await observe()
} else {
  await serveTogether([undefined, MIDDLEWARE, BEFORE, NOTHING].map((variant) => serverOf(variant)))
}

async function observe(): Promise<void> {
  const [, server] = await inOneProcess(script)
  if (server === undefined) throw new Error('no server')
  const { child, port } = server
  const tookMs: number[] = []
  let found = 0
  for (let count = 0; count < Number(flags('looks')[0] ?? '200'); count++) {
    const startMs = performance.now()
    const response = await fetch(`http://127.0.0.1:${String(port)}/debug/memory/caches`)
    const { caches } = (await response.json()) as { caches: unknown[] }
    tookMs.push(performance.now() - startMs)
    found = caches.length
  }
  child.kill()
  const [median, p99] = [medianOf(tookMs), quantile(tookMs, 0.99)]
  verdict(
    `GET /caches with ${String(found)} caches: median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms (under ${String(LOOK_BAR_MS)})`,
    found === CACHES && p99 < LOOK_BAR_MS,
  )
}

function serverOf(variant: string | undefined): http.Server {
  const app = express()
  const caches = Array.from({ length: CACHES }, (_, index) => new Map([[index, { index }]]))
  const isMounted = variant === MIDDLEWARE || variant === BEFORE
  const hook = isMounted ? hookOf(caches) : undefined
  if (variant === NOTHING) {
    app.use((_request, _response, next) => {
      next()
    })
  }
  if (variant === MIDDLEWARE && hook !== undefined) app.use(hook)
  const items = Array.from({ length: 20 }, (_, key) => ({ key, text: 'x'.repeat(50) }))
  app.get('/', (_request, response) => {
    response.json(items)
  })
  const isBefore = variant === BEFORE && hook !== undefined
  return http.createServer(
    isBefore ? (request, response) => void hook(request, response, () => app(request, response)) : app,
  )
}

function hookOf(caches: readonly Map<number, unknown>[]): NodeListener {
  const coordinator = new Coordinator()
  for (const [index, cache] of caches.entries()) {
    coordinator.register(`cache ${String(index)}`, {
      release: () => {
        cache.clear()
      },
      entries: () => cache.size,
      claimedBytes: () => cache.size * 100,
    })
  }
  return toNodeListener(createAdminHandler(coordinator))
}
