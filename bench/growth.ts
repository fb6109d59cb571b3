/**
 * When a growth monitor fires: beside a jump of 300 MB in 2 s, a climb of 1 MB/s, and a sawtooth that nets zero; and how
 * often jemalloc's own lg_prof_interval writes in the same time. Each in a process of its own.
 *
 *   node dist/bench/growth.js [--climb-seconds 40] [--churn-gb 50]
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { GrowthMonitor } from 'cache-attribution/profiling'
import { parseDumpName } from '../src/profiling/dumps/dump-names.js'
import { flags } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const MB = 1e6
const CHUNK = 64 * 1024
const INTERVAL_MS = 250
const SHAPES = ['jump', 'climb', 'sawtooth'] as const
type Shape = (typeof SHAPES)[number]

/** The figures that one process saw. */
interface Seen {
  readonly firings: number
  /** From the moment at which the level passed the step to the firing; the longest. */
  readonly latestMs: number
  readonly seconds: number
  readonly confirmations: number
  readonly allocatedBytes: number
}

const shape = flags('shape')[0] as Shape | undefined
if (shape === undefined) compare()
else await watch(shape, Number(flags('every')[0]), flags('folder')[0] ?? '')

function compare(): void {
  const every = { jump: 100 * MB, climb: 16 * MB, sawtooth: 100 * MB }
  const rows = SHAPES.map((name) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'growth-'))
    try {
      const args = ['--shape', name, '--every', String(every[name]), '--folder', folder, ...process.argv.slice(2)]
      const conf = `prof:true,prof_active:false,lg_prof_interval:27,prof_prefix:${path.join(folder, 'jeprof')}`
      const env = { ...process.env, LD_PRELOAD: 'libjemalloc.so.2', MALLOC_CONF: conf }
      const { stdout, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...args], {
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
        maxBuffer: 2 ** 24,
      })
      if (status !== 0) throw new Error(`${name} ended with ${String(status)}`)
      const intervals = readdirSync(folder).filter((file) => parseDumpName(file)?.trigger === 'interval').length
      return { name, every: every[name], intervals, seen: JSON.parse(stdout) as Seen }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
  console.log(`### When a growth monitor fires (a look every ${String(INTERVAL_MS)} ms), Node ${process.version}\n`)
  printTable(
    ['', 'step', 'in', 'allocated', 'firings', 'latest after the step', 'collections', 'dumps of lg_prof_interval:27'],
    rows.map(({ name, every: step, intervals, seen }) => [
      name,
      `${String(step / MB)} MB`,
      `${seen.seconds.toFixed(0)} s`,
      `${(seen.allocatedBytes / 1e9).toFixed(1)} GB`,
      seen.firings,
      seen.firings === 0 ? '–' : `${seen.latestMs.toFixed(0)} ms`,
      seen.confirmations,
      intervals,
    ]),
  )
  for (const { name, seen } of rows) {
    if (name === 'sawtooth') verdict(`${name}: ${String(seen.firings)} firings (none)`, seen.firings === 0)
    else {
      const isInTime = seen.firings > 0 && seen.latestMs <= INTERVAL_MS + 50
      verdict(
        `${name}: at most ${seen.latestMs.toFixed(0)} ms after the step (one interval, and a collection)`,
        isInTime,
      )
    }
  }
}

async function watch(name: Shape, every: number, folder: string): Promise<void> {
  const monitor = new GrowthMonitor({ every, intervalMs: INTERVAL_MS, coolDownMs: 0, folder })
  const held: Buffer[] = []
  let allocatedBytes = 0
  let passedMs: number | undefined
  let latestMs = 0
  /** Held memory goes past the next step, counted from the level that the monitor counts from. */
  let nextBytes = every
  const grow = (bytes: number): void => {
    for (let left = bytes; left > 0; left -= CHUNK) held.push(Buffer.alloc(CHUNK, 1))
    allocatedBytes += bytes
    if (held.length * CHUNK >= nextBytes) passedMs ??= performance.now()
  }
  monitor.on('fired', () => {
    latestMs = Math.max(latestMs, performance.now() - (passedMs ?? performance.now()))
    passedMs = undefined
    nextBytes = held.length * CHUNK + every
  })
  monitor.start()
  const startMs = performance.now()
  if (name === 'jump') {
    await delay(1000)
    for (let step = 0; step < 100; step++) {
      grow(3 * MB)
      await delay(20)
    }
  } else if (name === 'climb') {
    const seconds = Number(flags('climb-seconds')[0] ?? '40')
    for (let step = 0; step < 10 * seconds; step++) {
      grow(MB / 10)
      await delay(100)
    }
  } else {
    const bytes = Number(flags('churn-gb')[0] ?? '50') * 1e9
    while (allocatedBytes < bytes) {
      const wave = Array.from({ length: 512 }, () => Buffer.allocUnsafeSlow(CHUNK))
      allocatedBytes += wave.length * CHUNK
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await delay(2 * INTERVAL_MS)
  const { firings, confirmations } = monitor.statistics
  await monitor.close()
  const seconds = (performance.now() - startMs) / 1000
  console.log(JSON.stringify({ firings, latestMs, seconds, confirmations, allocatedBytes } satisfies Seen))
}
