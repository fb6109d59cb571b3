/** The site of a worker thread: allocates when it is recorded, says how much, and stays until it is ended. */
import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

const kept: Buffer[] = []

function inWorker(): Buffer {
  return Buffer.alloc(64 * 1024) // site worker
}

// The main thread reaches a new worker's inspector some milliseconds after its start.
await delay(500)
for (let count = 0; count < (workerData as number); count++) kept.push(inWorker())
parentPort?.postMessage(kept.reduce((sum, { byteLength }) => sum + byteLength, 0))
setInterval(() => kept.length, 1000)
