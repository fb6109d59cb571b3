/**
 * Where all of RSS is: whether the leaves of breakdown() add up, what is left unexplained, whether planted memory is found in
 * its place, and what an observation costs; under both allocators.
 *
 *   node dist/bench/breakdown.js [--node PATH]… [--scenario NAME]…
 */
import type { BreakdownResult } from './breakdown/subject.js'
import { chosenNodes, chosenOf, runScript } from './support/processes.js'
import { medianOf, printTable, verdict } from './support/table.js'

const SCENARIOS = ['nothing', 'buffers', '1 GB heap', 'workers', 'mapped files', 'everything', 'past the allocator']
const REMAINDER_SHARE_MAX = 0.03
const FOUND_WITHIN = { share: 0.03, bytes: 12 * 1024 * 1024 }

const scenarios = chosenOf('scenario', SCENARIOS)
const results: BreakdownResult[] = []
for (const node of chosenNodes()) {
  for (const allocator of ['jemalloc', 'glibc'] as const) {
    for (const scenario of scenarios) {
      const options = { node, allocator, args: [scenario], execArgv: ['--max-old-space-size=3000'] }
      results.push(...(await runScript<BreakdownResult>('breakdown/subject', options)))
    }
  }
}

const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)
const share = (result: BreakdownResult): number => result.remainderBytes / result.rssBytes
printTable(
  ['Node', 'allocator', 'process', 'RSS, MiB', 'leaves − RSS', 'remainder', 'planted → found, MiB', 'took'],
  results.map((result) => [
    result.nodeVersion,
    result.allocator,
    result.scenario,
    mib(result.rssBytes),
    `${String(result.leavesBytes - result.rssBytes)} B`,
    `${(100 * share(result)).toFixed(2)} %`,
    result.planted.map(({ what, bytes, foundBytes }) => `${what} ${mib(bytes)} → ${mib(foundBytes)}`).join(', '),
    `${medianOf(result.tookMs).toFixed(0)} ms`,
  ]),
)

verdict(
  `the leaves add up to RSS exactly in ${String(results.length)} processes, and none is negative`,
  results.every(({ rssBytes, leavesBytes, leastLeafBytes }) => rssBytes === leavesBytes && leastLeafBytes >= 0),
)
const offKernel = Math.max(
  ...results.map(({ rssBytes, kernelBytes }) => Math.abs(rssBytes - kernelBytes) / kernelBytes),
)
verdict(`RSS as the kernel counts it elsewhere (VmRSS) is within ${(100 * offKernel).toFixed(1)} %`, offKernel < 0.05)
// Memory that a library maps past the allocator is the remainder's own.
const ordinary = results.filter(({ scenario }) => scenario !== 'past the allocator')
const worst = Math.max(...ordinary.map(share))
verdict(
  `the remainder is at most ${(100 * worst).toFixed(2)} % of RSS (bar: ${(100 * REMAINDER_SHARE_MAX).toFixed(0)} %)`,
  worst < REMAINDER_SHARE_MAX,
)
// Buffers bring their bookkeeping, workers an isolate of their own.
const off = results.flatMap(({ planted }) =>
  planted.map(({ bytes, foundBytes }) => Math.max(0, Math.abs(foundBytes - bytes) - FOUND_WITHIN.bytes) / bytes),
)
verdict(
  `${String(off.filter((part) => part <= FOUND_WITHIN.share).length)} of ${String(off.length)} planted parts are found in their place within ${(100 * FOUND_WITHIN.share).toFixed(0)} % and ${mib(FOUND_WITHIN.bytes)} MiB; worst ${(100 * Math.max(...off)).toFixed(1)} % beyond the latter`,
  off.every((part) => part <= FOUND_WITHIN.share),
)
