/** The service of the soak: a main thread that answers requests, and two workers that make twins in turn. */
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { report } from '../support/processes.js'
import { startLoadedServer } from '../support/server.js'
import type { MeasuredTwin } from './thread.js'

export interface WorkerSoakResult {
  readonly twins: number
  /** Of each twin that gave a result. */
  readonly attempts: number[]
  readonly pauseMs: number[]
  readonly childMs: number[]
  readonly failures: Record<string, number>
  readonly wrongRows: number
  readonly lostEntries: number
  readonly requests: number
  readonly failedRequests: number
  readonly childrenLeft: number
}

const [twins = '500', connections = '16'] = process.argv.slice(2)
const server = await startLoadedServer(Number(connections))
const workers = [newWorker(), newWorker()]
await Promise.all(workers.map((worker) => once(worker, 'message')))
const reported: MeasuredTwin[] = []
for (let count = 0; count < Number(twins); count++) {
  const worker = workers[count % workers.length]
  worker?.postMessage('a twin')
  const [answer] = (await once(worker ?? newWorker(), 'message')) as [MeasuredTwin]
  reported.push(answer)
}
const failures: Record<string, number> = {}
for (const words of reported.flatMap(({ failure, retried }) => (failure === null ? retried : [failure]))) {
  const reason = words.replaceAll(/\d+\.\d s/g, '… s')
  failures[reason] = (failures[reason] ?? 0) + 1
}
const good = reported.filter(({ failure }) => failure === null)
await Promise.all(workers.map((worker) => worker.terminate()))
report({
  twins: reported.length,
  attempts: good.map(({ attempts }) => attempts),
  pauseMs: good.map(({ pauseMs }) => pauseMs),
  childMs: good.map(({ childMs }) => childMs),
  failures,
  wrongRows: good.reduce((sum, { wrongRows }) => sum + wrongRows, 0),
  lostEntries: Math.max(0, ...reported.map(({ lostEntries }) => lostEntries)),
  requests: server.requests(),
  failedRequests: server.failures(),
  // The load generator is a child, too.
  childrenLeft: children() - 1,
} satisfies WorkerSoakResult)
await server.stop()

function newWorker(): Worker {
  return new Worker(new URL('thread.js', import.meta.url))
}

function children(): number {
  return readdirSync('/proc/self/task').reduce(
    (sum, task) => sum + readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean).length,
    0,
  )
}
