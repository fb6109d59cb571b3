/** A service with a heap of so many MB that has a twin write a snapshot of it: `service.js HEAP_MB FILE`. */
import { setTimeout as delay } from 'node:timers/promises'
import { heapSnapshot } from 'cache-attribution/twin'
import { nodeEnvironment as environment } from '../../src/support/environment.js'
import { report } from '../support/processes.js'

export interface SnapshotResult {
  readonly heapUsedBytes: number
  readonly bytes: number
  readonly durationMs: number
  readonly majorGcMs: readonly number[]
  readonly longestPauseMs: number
  /** The same stretch of time without a snapshot, before it: what the machine does by itself. */
  readonly longestPauseBeforeMs: number
  /** Objects of {@link Marker} that live. */
  readonly markers: number
}

/** The objects that are looked for in the parsed snapshot. */
class Marker {
  readonly number: number
  readonly name: string
  readonly values: number[]

  constructor(number: number) {
    this.number = number
    this.name = `marker number ${String(number)}`
    this.values = Array.from({ length: 56 }, (_, index) => number + index + 0.5)
  }
}
/** Bytes of a marker with its array and its name, about. */
const MARKER_BYTES = 620

const [heapMb, file] = [Number(process.argv[2]), process.argv[3] ?? '']
const markers: Marker[] = []
while (markers.length * MARKER_BYTES < heapMb * 1e6) markers.push(new Marker(markers.length))

let longestMs = 0
let lastMs = performance.now()
setInterval(() => {
  const nowMs = performance.now()
  longestMs = Math.max(longestMs, nowMs - lastMs)
  lastMs = nowMs
}, 1)

/** The longest time without a turn of the loop since the last call. */
function takeLongestMs(): number {
  const ms = longestMs
  longestMs = 0
  return ms
}

const majorGcMs = Array.from({ length: 5 }, () => {
  const startMs = environment.now()
  environment.collector().major()
  return environment.now() - startMs
})
await delay(1000)
takeLongestMs()
await delay(10_000)
const longestPauseBeforeMs = takeLongestMs()
const { heapUsed } = process.memoryUsage()
const startMs = performance.now()
const { bytes } = await heapSnapshot(file)
const durationMs = performance.now() - startMs
await delay(100)
report({
  heapUsedBytes: heapUsed,
  bytes,
  durationMs,
  majorGcMs,
  longestPauseMs: takeLongestMs(),
  longestPauseBeforeMs,
  markers: markers.length,
} satisfies SnapshotResult)
process.exit()
