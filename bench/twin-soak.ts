/**
 * Twin after twin of a service that does everything at once, and what it did to the service: nothing.
 *
 *   node dist/bench/twin-soak.js [--node PATH]… [--twins 1000] [--minutes N]
 *     [--connections 64] [--collecting 0] [--without profile,worker,…]
 *
 * Beside HTTP under load the process has timers, work of the thread pool (fs, crypto, zlib, dns), a busy worker thread,
 * WebAssembly, SQLite, sharp, an open inspector session and a running CPU profile; with `--collecting`, so many workers
 * more that do nothing but allocate and collect, and hold the locks that V8 has for a whole process. Ends with 1 when a bar is missed.
 */
import type { SoakResult } from './twin-soak/service.js'
import { chosenNodes, flags, runScript, versionOf } from './support/processes.js'
import { printTable, quantile, verdict } from './support/table.js'

const twinsMax = flags('twins')[0] ?? '1000'
const passedOn = ['minutes', 'connections', 'collecting', 'without'].flatMap((name) =>
  flags(name).flatMap((value) => [`--${name}`, value]),
)
for (const node of chosenNodes()) {
  const [result] = await runScript<SoakResult>('twin-soak/service', {
    node,
    args: [twinsMax, ...passedOn],
  })
  if (result === undefined) throw new Error('the service told nothing')
  judge(versionOf(node), result)
}

function judge(version: string, result: SoakResult): void {
  const { twins, pauseMs, childMs, forkMs } = result
  console.log(`### ${String(twins)} twins under load, Node ${version}\n`)
  const ms = (values: readonly number[]): string[] => [0.5, 0.95, 1].map((q) => `${quantile(values, q).toFixed(0)} ms`)
  printTable(
    ['', 'median', 'p95', 'max'],
    [
      ['pause of the service', ...ms(pauseMs)],
      ['of it the fork', ...ms(forkMs)],
      ['life of the twin', ...ms(childMs)],
    ],
  )
  for (const [reason, count] of Object.entries(result.failures)) console.log(`        ${String(count)} × ${reason}`)
  const firstTry = result.firstTry / twins
  verdict(`${(100 * firstTry).toFixed(2)} % gave a result at the first try (at least 99.9)`, firstTry >= 0.999)
  verdict(
    `${String(result.results - result.laterTries)} of ${String(twins)} with one retry at most (all)`,
    result.results === twins && result.laterTries === 0,
  )
  verdict(
    `${String(result.requests)} requests answered meanwhile, ${String(result.failedRequests)} failed`,
    result.failedRequests === 0,
  )
  verdict(`entries lost in the service: ${String(result.lostEntries)}`, result.lostEntries === 0)
  verdict(`rows off by more than 64 KiB + 1 %: ${String(result.wrongRows)}`, result.wrongRows <= twins / 1000)
  verdict(`descriptors leaked: ${result.leakedDescriptors.join(', ') || 'none'}`, result.leakedDescriptors.length === 0)
  verdict(`children left: ${String(result.childrenLeft)}`, result.childrenLeft === 0)
  verdict(`heap that is not kept from forks any more: ${String(result.unkeptBytes)} bytes`, result.unkeptBytes <= 0)
  console.log(`        ${String(result.withoutGc)} needed no major GC of the service\n`)
}
