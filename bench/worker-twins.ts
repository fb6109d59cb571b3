/**
 * Twins made by two worker threads in turn, beside a main thread that answers requests.
 *
 *   node dist/bench/worker-twins.js [--node PATH]… [--twins 500] [--connections 16]
 *
 * Ends with 1 when a bar is missed.
 */
import { chosenNodes, flags, runScript, versionOf } from './support/processes.js'
import { printTable, quantile, verdict } from './support/table.js'
import type { WorkerSoakResult } from './worker-twins/service.js'

const twins = flags('twins')[0] ?? '500'
const connections = flags('connections')[0] ?? '16'
for (const node of chosenNodes()) {
  const [result] = await runScript<WorkerSoakResult>('worker-twins/service', { node, args: [twins, connections] })
  if (result === undefined) throw new Error('the service told nothing')
  judge(versionOf(node), result)
}

function judge(version: string, result: WorkerSoakResult): void {
  const { twins: made, pauseMs, childMs, attempts } = result
  console.log(`### ${String(made)} twins of worker threads, Node ${version}\n`)
  const ms = (values: readonly number[]): string[] => [0.5, 0.95, 1].map((q) => `${quantile(values, q).toFixed(0)} ms`)
  printTable(
    ['', 'median', 'p95', 'max'],
    [
      ['pause of the worker', ...ms(pauseMs)],
      ['life of the twin', ...ms(childMs)],
    ],
  )
  for (const [reason, count] of Object.entries(result.failures)) console.log(`        ${String(count)} × ${reason}`)
  const first = attempts.filter((count) => count === 1).length / made
  verdict(`${(100 * first).toFixed(2)} % gave a result at the first try (at least 99)`, first >= 0.99)
  verdict(`${String(attempts.length)} of ${String(made)} gave a result (all)`, attempts.length === made)
  verdict(
    `rows off by more than 64 KiB + 1 %: ${String(result.wrongRows)} (at most 1 in 1000)`,
    result.wrongRows <= made / 250,
  )
  verdict(
    `${String(result.requests)} requests answered, ${String(result.failedRequests)} failed`,
    result.failedRequests === 0,
  )
  verdict(`entries lost: ${String(result.lostEntries)}`, result.lostEntries === 0)
  verdict(`children left: ${String(result.childrenLeft)}`, result.childrenLeft === 0)
  console.log()
}
