/**
 * Memory grows suddenly, and a growth monitor writes a profile of that moment to disk.
 *
 *   npx cache-attribution run --profile dist/examples/09-growth-trigger.js
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { Coordinator } from 'cache-attribution'
import { formatTopTable, symbolize, topTable } from 'cache-attribution/heap-profile'
import { DumpCatalogue, GrowthMonitor, HeapProfiler } from 'cache-attribution/profiling'

const MIB = 1024 * 1024
const uploads = new Map<number, Buffer>()
const coordinator = new Coordinator()
coordinator.register('uploads', { release: () => uploads.clear(), entries: () => uploads.size })

const folder = mkdtempSync(path.join(os.tmpdir(), 'growth-'))
// Without --profile the monitor keeps only observations.
const canProfile = new HeapProfiler().state.enabled === true
const actions = canProfile ? (['dump', 'observe'] as const) : (['observe'] as const)
const quantity = coordinator.allocator.statistic === null ? 'rss' : 'allocated'
const monitor = new GrowthMonitor({
  quantity,
  every: 32 * MIB,
  intervalMs: 50,
  folder,
  maxFiles: 4,
  coordinator,
  actions,
})
monitor.on('fired', ({ trigger, bytes, fromBytes }) => {
  console.log(`${trigger}: ${((bytes - fromBytes) / MIB).toFixed(0)} MiB above ${(fromBytes / MIB).toFixed(0)} MiB`)
})
monitor.start()

try {
  await churn()
  const quiet = monitor.statistics.firings
  await jump()
  const { firings, polls, confirmations } = monitor.statistics
  console.log(
    `${polls} observations, ${confirmations} confirmed by a collection, ${firings} firing(s), ${quiet} of them while nothing grew`,
  )
  await show()
  if (quiet !== 0 || firings !== 1) throw new Error('the monitor was to fire once, at the jump')
} catch (error) {
  console.error(`Self-check failed: ${String(error)}`)
  process.exitCode = 1
} finally {
  await monitor.close()
  await coordinator.close()
  rmSync(folder, { recursive: true })
}

/** Activity without growth: 200 MB are allocated and freed. */
async function churn(): Promise<void> {
  for (let round = 0; round < 50; round++) {
    Buffer.concat(Array.from({ length: 32 }, () => Buffer.alloc(64 * 1024, 1)))
    await delay(2)
  }
}

async function jump(): Promise<void> {
  for (let id = 0; id < 640; id++) {
    uploads.set(id, Buffer.alloc(64 * 1024, 1))
    if (id % 32 === 0) await delay(5)
  }
  for (let poll = 0; poll < 100 && monitor.statistics.firings === 0; poll++) await delay(50)
  while (monitor.isActing) await delay(20)
}

async function show(): Promise<void> {
  const dumps = new DumpCatalogue({ folders: [folder] })
  const { around } = await dumps.at(new Date())
  for (const { id, kind, trigger } of around) console.log(`${kind} for "${trigger}": ${id}`)
  const profile = around.find(({ kind }) => kind === 'heap-profile')
  if (profile === undefined) return
  const table = topTable(await symbolize(await dumps.profile(profile.id)))
  console.log(formatTopTable(table, { limit: 5 }))
  if (table.total < 16 * MIB) throw new Error('the profile was to show the jump')
}
