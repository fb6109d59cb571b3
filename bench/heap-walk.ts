/**
 * The class histogram of a heap of small objects in a twin: by the walk of V8's heap, and by V8's own heap snapshot.
 *
 *   node dist/bench/heap-walk.js [--node PATH]… [--heap 100] [--only walk,snapshot]
 *
 * Prints time, memory and the ratio of the two; ends with 1 where the walk miscounts or was not made. V8's snapshot of a
 * heap needs up to fourteen times its memory: above 300 MiB pass `--only walk`.
 */
import type { CountResult } from './heap-walk/service.js'
import { chosenNodes, chosenOf, flags, runScript, versionOf } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const MIB = 1024 * 1024
const heapMib = flags('heap')[0] ?? '100'
const ways = chosenOf('only', ['walk', 'snapshot'])

for (const node of chosenNodes()) {
  console.log(`### Classes of a heap of ${heapMib} MiB, Node ${versionOf(node)}\n`)
  const results: CountResult[] = []
  for (const way of ways) {
    results.push(
      ...(await runScript<CountResult>('heap-walk/service', {
        node,
        args: [heapMib, way],
        execArgv: ['--max-old-space-size=8000'],
      })),
    )
  }
  printTable(
    ['by', 'heap, MiB', 'objects', 'took, s', 'memory, MiB', 'memory ÷ heap', 'longest pause, ms'],
    results.map(({ method, heapUsedBytes, nodes, durationMs, addedBytes, longestPauseMs }) => [
      method,
      (heapUsedBytes / MIB).toFixed(0),
      nodes,
      (durationMs / 1000).toFixed(2),
      (addedBytes / MIB).toFixed(0),
      (addedBytes / heapUsedBytes).toFixed(2),
      longestPauseMs.toFixed(0),
    ]),
  )
  for (const { method, reason, counted, planted } of results) {
    verdict(
      `${method}${reason === null ? '' : ` (${reason})`}: ${String(counted)} of ${String(planted)} planted`,
      counted === planted,
    )
  }
  const [walk, snapshot] = results
  if (walk !== undefined && snapshot !== undefined) {
    const faster = snapshot.durationMs / walk.durationMs
    const lighter = snapshot.addedBytes / walk.addedBytes
    console.log(`        the snapshot takes ${faster.toFixed(1)} × the time and ${lighter.toFixed(1)} × the memory`)
  }
  console.log()
}
