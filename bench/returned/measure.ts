/** One service in a process of its own: its report by a twin, then the fall of RSS with each release. */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import v8 from 'node:v8'
import vm from 'node:vm'
import { openAllocator } from '../../src/allocator/open.js'
import { Coordinator } from '../../src/index.js'
import { report } from '../support/processes.js'
import { SERVICES } from './services.js'

/** The findings about one cache; one line of JSON. */
export interface ReturnedRow {
  readonly service: string
  readonly name: string
  readonly releasedBytes: number | null
  readonly returnedBytes: number | null
  readonly uncertaintyBytes: number | null
  readonly fellBytes: number
}

const ROUNDS = 3
const ROUND_MS = 150

const [service = '', addon = ''] = process.argv.slice(2)
v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as (options?: object) => void
const loaded: { exports: { giveBack?: () => void } } = { exports: {} }
process.dlopen(loaded, addon)

const caches = SERVICES[service]?.() ?? {}
const coordinator = new Coordinator({ mode: 'twin' })
for (const [name, cache] of Object.entries(caches)) {
  coordinator.register(name, {
    release: () => {
      cache.clear()
    },
    entries: () => cache.size,
  })
}
await giveBack()
const names = Object.keys(caches)
const { caches: rows } = await coordinator.attribute({ only: names })
await giveBack()
for (const [name, cache] of Object.entries(caches)) {
  const row = rows.find((each) => each.name === name)
  const beforeBytes = residentBytes()
  cache.clear()
  await giveBack()
  const seen: ReturnedRow = {
    service,
    name,
    releasedBytes: row?.released.totalBytes ?? null,
    returnedBytes: row?.returned?.residentBytes ?? null,
    uncertaintyBytes: row?.returned?.uncertaintyBytes ?? null,
    fellBytes: beforeBytes - residentBytes(),
  }
  report(seen)
}
process.exit(0)

/** Collects, and gives every freed page back. */
async function giveBack(): Promise<void> {
  const { mallctl } = openAllocator()
  for (let round = 0; round < ROUNDS; round++) {
    await delay(ROUND_MS)
    collect()
    collect({ type: 'minor' })
    loaded.exports.giveBack?.()
    mallctl?.call('thread.tcache.flush')
    mallctl?.call('arena.4096.purge')
  }
}

function residentBytes(): number {
  const text = readFileSync('/proc/self/smaps_rollup', 'utf8')
  return Number(/^Anonymous:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024
}
