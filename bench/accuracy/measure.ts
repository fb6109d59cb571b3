/** Measures known caches with the library, and with the plain recipe in the same process, and prints a line per row. */
import { setTimeout as delay } from 'node:timers/promises'
import v8 from 'node:v8'
import vm from 'node:vm'
import { Coordinator } from 'cache-attribution'
import { openAllocator } from '../../src/allocator/open.js'
import { flags, report } from '../support/processes.js'
import { startLoadedServer } from '../support/server.js'
import { SIZES, entryCount, fill } from './caches.js'
import type { Kind } from './caches.js'

/** One row as measured. */
export interface MeasuredRow {
  readonly method: 'library' | 'plain'
  readonly size: number
  readonly allocatedBytes: number
  readonly heapBytes: number
  readonly mappedBytes: number
  readonly uncertaintyBytes: number | null
  readonly allocatedUncertaintyBytes: number | null
  readonly significant: boolean
  readonly settled: boolean
  readonly pauseMs: number
  /** Which run, and which row of it, both from 0. */
  readonly run: number
  readonly place: number
}

const [scenario = 'buffers', runsText = '25'] = process.argv.slice(2)
const isQuiet = flags('quiet').length > 0
const isTwin = flags('twin').length > 0
const KINDS: readonly string[] = ['objects', 'mapped', 'sharp', 'registry'] satisfies Kind[]
const kind = (KINDS.includes(scenario) ? scenario : 'buffers') as Kind
const runs = Number(runsText)
const caches = SIZES.map(() => new Map<number, unknown>())
const coordinator = new Coordinator({ mode: isTwin ? 'twin' : 'release' })

if (scenario === 'null') {
  for (let index = 0; index < 100; index++) coordinator.register(`null-${String(index)}`, { release: () => undefined })
} else {
  for (const size of SIZES) coordinator.register(String(size), { release: releaseOf(size) })
}

/** Synchronous; or asynchronous in three steps, of which none is the first turn's. */
function releaseOf(size: number): () => unknown {
  const cache = caches[size] ?? new Map()
  if (scenario !== 'async') {
    return () => {
      cache.clear()
    }
  }
  return async () => {
    await delay(5 + Math.random() * 20)
    const count = cache.size
    for (const key of [...cache.keys()].slice(0, count >> 1)) cache.delete(key)
    await delay(5 + Math.random() * 20)
    cache.clear()
  }
}

async function refill(): Promise<void> {
  if (scenario === 'null') return
  // A twin leaves every entry where it is: they are filled once.
  for (const [size, cache] of caches.entries()) {
    if (!isTwin || cache.size === 0) await fill(cache, kind, entryCount(kind, size))
  }
}

// Once: a context made for every run would be garbage in the windows of the next.
v8.setFlagsFromString('--expose-gc')
const gc = vm.runInNewContext('gc') as () => void
v8.setFlagsFromString('--no-expose-gc')
const allocator = openAllocator()
const slots = new Float64Array(16)

/** The order of a first attempt: read, release, gc, advance the epoch, read. */
function plainRecipe(run: number): void {
  const read = (): number => {
    allocator.readInto(slots)
    return slots[1] ?? NaN
  }
  for (const [size, cache] of caches.entries()) {
    const [allocated, heap] = [read(), v8.getHeapStatistics().used_heap_size]
    cache.clear()
    gc()
    const plain = {
      allocatedBytes: allocated - read(),
      heapBytes: heap - v8.getHeapStatistics().used_heap_size,
      mappedBytes: NaN,
      uncertaintyBytes: null,
      allocatedUncertaintyBytes: null,
      significant: true,
      settled: true,
      pauseMs: 0,
      run,
      place: size,
    }
    report({ method: 'plain', size, ...plain } satisfies MeasuredRow)
  }
}

const server = isQuiet ? undefined : await startLoadedServer()
// Once without a record: a program's first seconds are compilation.
await refill()
await coordinator.attribute({ controls: 0 })
for (let run = 0; run < runs; run++) {
  await refill()
  const { caches: rows } = await coordinator.attribute()
  for (const [place, row] of rows.entries()) {
    report({
      method: 'library',
      size: Number(row.name.replace('null-', '')),
      allocatedBytes: row.released.allocatedBytes ?? NaN,
      heapBytes: row.released.heapBytes ?? NaN,
      mappedBytes: row.released.mappedBytes ?? NaN,
      uncertaintyBytes: row.uncertaintyBytes,
      allocatedUncertaintyBytes: row.uncertainty.allocatedBytes,
      significant: row.significant,
      settled: row.settled ?? false,
      pauseMs: row.pauseMs,
      run,
      place,
    } satisfies MeasuredRow)
  }
  const lost = caches.reduce((sum, cache, size) => sum + entryCount(kind, size) - cache.size, 0)
  if (isTwin && lost !== 0) throw new Error(`${String(lost)} entries were lost in this process`)
  if (scenario === 'buffers' && !isQuiet && !isTwin && run < 10) {
    await refill()
    await delay(50)
    plainRecipe(run)
  }
}
await coordinator.close()
await server?.stop()
