/**
 * The cost of a twin for the service: its pause with and without a major GC of its own, at three sizes of the heap, the latency of requests
 * during a run beside that of the live mode and of no run, throughput, and the memory it adds. Beside that, what the
 * kernel alone takes of it on this machine: a process without Node, whose memory is at the same addresses, forks as often, and
 * both write to as many pages that they share as the service and its twins did. Needs cc.
 *
 *   node dist/bench/twin-cost.js [--node PATH]… [--heaps 10,500,2000]
 */
import { execFileSync } from 'node:child_process'
import type { CostResult } from './twin-cost/service.js'
import { chosenNodes, flags, runScript, versionOf, withCompiled } from './support/processes.js'
import { medianOf, printTable, quantile, verdict } from './support/table.js'

/** A fork of a process without Node: how long it takes, and a write to a page that is still shared afterwards. */
interface PlainFork {
  readonly forkMs: number
  readonly writeUs: number
}

interface Measured extends CostResult {
  readonly plainForks: readonly PlainFork[]
}

const PLAIN_FORKS = 12
const heaps = (flags('heaps')[0] ?? '10,500,2000').split(',')
await withCompiled('plain-fork.c', [], async (plainFork) => {
  for (const node of chosenNodes()) {
    const results: Measured[] = []
    for (const heapMb of heaps) {
      const [result] = await runScript<CostResult>('twin-cost/service', {
        node,
        args: [heapMb],
        execArgv: ['--max-old-space-size=6000'],
      })
      if (result === undefined) throw new Error('the service told nothing')
      results.push({ ...result, plainForks: forksOf(plainFork, result) })
    }
    judge(versionOf(node), results)
    printKernel(results)
  }
})

function judge(version: string, results: readonly CostResult[]): void {
  console.log(`### What a twin costs, Node ${version}\n`)
  const ms = (value: number): string => `${value.toFixed(0)} ms`
  printTable(
    [
      'heap',
      'major GC, median',
      'longest pause with one',
      'without: median',
      'longest',
      'of it the fork',
      'life',
      'copied',
      'estimate',
    ],
    results.map((result) => [
      `${result.heapMb.toFixed(0)} MB`,
      ms(medianOf(result.majorGcMs)),
      ms(Math.max(...result.pauseMs)),
      ms(medianOf(result.restingPauseMs)),
      ms(Math.max(...result.restingPauseMs)),
      ms(medianOf(result.forkMs)),
      ms(medianOf(result.childMs)),
      `${(Math.max(...result.copiedBytes) / 1e6).toFixed(0)} MB`,
      `${(Math.min(...result.estimatedBytes) / 1e6).toFixed(0)} MB`,
    ]),
  )
  printTable(
    ['heap', 'p99 latency, no run', 'in a twin run', 'in a live run', 'requests/s, no run', 'in a twin run'],
    results.map(({ heapMb, latencyMs, requestsPerSecond }) => [
      `${heapMb.toFixed(0)} MB`,
      ...([latencyMs.none, latencyMs.twin, latencyMs.release] as const).map((values) => ms(quantile(values, 0.99))),
      ...[requestsPerSecond.none, requestsPerSecond.twin].map((values) => medianOf(values).toFixed(0)),
    ]),
  )
  for (const result of results) {
    const size = `${result.heapMb.toFixed(0)} MB`
    const allowedMs = medianOf(result.majorGcMs) + 40 + 30 + (10 * result.heapMb) / 1000
    const longest = Math.max(...result.pauseMs)
    verdict(
      `${size}: the longest pause is ${longest.toFixed(0)} ms (at most one major GC, a drain of 40 ms, 30 ms and 10 ms per GB: ${allowedMs.toFixed(0)})`,
      longest <= allowedMs,
    )
    const restingMs = Math.max(...result.restingPauseMs)
    const allowedRestingMs = 40 + (10 * result.heapMb) / 1000
    verdict(
      `${size}: without a major GC it is ${restingMs.toFixed(0)} ms (at most 40 ms and 10 ms per GB: ${allowedRestingMs.toFixed(0)})`,
      result.restingPauseMs.length > 0 && restingMs <= allowedRestingMs,
    )
    const copied = Math.max(...result.copiedBytes)
    const isEnough = result.estimatedBytes.every((bytes, index) => bytes >= (result.copiedBytes[index] ?? 0))
    verdict(`${size}: the estimate is never below what was copied`, isEnough)
    if (result.heapMb > 300) {
      const share = copied / (result.heapMb * 1e6)
      verdict(`${size}: a twin adds ${(100 * share).toFixed(1)} % of the heap (at most 25)`, share <= 0.25)
    }
    const ratio = medianOf(ratiosOf(result.requestsPerSecond))
    verdict(`${size}: throughput while a twin runs ÷ without: ${ratio.toFixed(2)} (at least 0.9)`, ratio >= 0.9)
  }
  console.log()
}

function forksOf(plainFork: string, { layout, faults, copiedBytes }: CostResult): PlainFork[] {
  const args = [PLAIN_FORKS, medianOf(faults), medianOf(copiedBytes)].map((value) => value.toFixed(0))
  const lines = execFileSync(plainFork, args, { input: layout, encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const [forkMs = NaN, writeUs = NaN] = line.split(' ').map(Number)
    return { forkMs, writeUs }
  })
}

function printKernel(results: readonly Measured[]): void {
  console.log('What the kernel alone takes here, by a process without Node at the same addresses:\n')
  printTable(
    [
      'heap',
      'a fork, median',
      'longest',
      'a write to a shared page',
      'page faults beside a twin',
      'leave for the service',
    ],
    results.map(({ heapMb, faults, burnMs, plainForks }) => {
      const forkMs = plainForks.map((fork) => fork.forkMs)
      const writeUs = medianOf(plainForks.map((fork) => fork.writeUs))
      const lost = (medianOf(faults) * writeUs) / 1e3 / burnMs
      return [
        `${heapMb.toFixed(0)} MB`,
        `${medianOf(forkMs).toFixed(0)} ms`,
        `${Math.max(...forkMs).toFixed(0)} ms`,
        `${writeUs.toFixed(1)} µs`,
        medianOf(faults).toFixed(0),
        (1 - lost).toFixed(2),
      ]
    }),
  )
}

/** Beside a twin against the mean of right before and right after it: a machine of many guests changes its own speed. */
function ratiosOf({ none, twin }: CostResult['requestsPerSecond']): number[] {
  return twin.map((beside, round) => (2 * beside) / ((none[round] ?? NaN) + (none[round + 1] ?? NaN)))
}
