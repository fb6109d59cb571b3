/** A worker of the soak: two caches of known size, and a twin each time it is asked. */
import { parentPort } from 'node:worker_threads'
import { CacheAttributionError, Coordinator } from 'cache-attribution'
import { fill } from '../accuracy/caches.js'

/** The report of a worker about one twin. */
export interface MeasuredTwin {
  /** Null where it gave a result. */
  readonly failure: string | null
  readonly retried: readonly string[]
  readonly attempts: number
  readonly pauseMs: number
  readonly childMs: number
  readonly wrongRows: number
  readonly lostEntries: number
}

const BUFFERS = 128
const OBJECTS = 4000
const TRUTH: Readonly<Record<string, number>> = { buffers: BUFFERS * (65_536 + 144), objects: OBJECTS * 588 }
const caches = { buffers: new Map<number, unknown>(), objects: new Map<number, unknown>() }
const coordinator = new Coordinator({ controls: 1 })
await fill(caches.buffers, 'buffers', BUFFERS)
await fill(caches.objects, 'objects', OBJECTS)
for (const [name, cache] of Object.entries(caches)) {
  coordinator.register(name, {
    release: () => {
      cache.clear()
    },
    entries: () => cache.size,
  })
}
parentPort?.on('message', () => {
  void twin().then((reported) => parentPort?.postMessage(reported))
})
parentPort?.postMessage('ready')

async function twin(): Promise<MeasuredTwin> {
  const none = { retried: [], attempts: 0, pauseMs: 0, childMs: 0, wrongRows: 0, lostEntries: lost() }
  try {
    const { twin: cost, caches: rows, warnings } = await coordinator.attribute({ mode: 'twin' })
    if (cost === undefined) return { ...none, failure: 'no cost' }
    const retried = warnings.filter(({ code }) => code === 'WARN_TWIN_RETRIED').map(({ message }) => message)
    const wrongRows = rows.filter(({ name, released }) => {
      const truth = TRUTH[name] ?? NaN
      const measured = (name === 'buffers' ? released.allocatedBytes : released.heapBytes) ?? NaN
      return !(Math.abs(measured - truth) <= 65_536 + 0.01 * truth)
    }).length
    const { attempts, pauseMs, childMs } = cost
    return { failure: null, retried, attempts, pauseMs, childMs, wrongRows, lostEntries: lost() }
  } catch (error) {
    return { ...none, failure: error instanceof CacheAttributionError ? error.message : String(error) }
  }
}

function lost(): number {
  return BUFFERS + OBJECTS - caches.buffers.size - caches.objects.size
}
