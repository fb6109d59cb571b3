/**
 * A heap snapshot of a large heap, made in a twin: how long the service stands still for it, and whether the parser of
 * Chromium's DevTools reads it.
 *
 *   node dist/bench/heap-snapshot.js [--node PATH]… [--heap 1000]
 *
 * Fetches the sources of DevTools from the registry (npm package chrome-devtools-frontend) into .cache/devtools/. A
 * gigabyte of heap takes several gigabytes of memory while its snapshot is made, and as many of disk.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parseInDevTools } from './heap-snapshot/devtools.js'
import type { SnapshotResult } from './heap-snapshot/service.js'
import { chosenNodes, flags, runScript, versionOf } from './support/processes.js'
import { medianOf, verdict } from './support/table.js'

const heapMb = flags('heap')[0] ?? '1000'
const folder = mkdtempSync(path.join(tmpdir(), 'heap-snapshot-'))
try {
  for (const node of chosenNodes()) await judge(node)
} finally {
  rmSync(folder, { recursive: true })
}

async function judge(node: string): Promise<void> {
  const version = versionOf(node)
  const file = path.join(folder, `${version}.heapsnapshot`)
  const [result] = await runScript<SnapshotResult>('heap-snapshot/service', {
    node,
    args: [heapMb, file],
    execArgv: ['--max-old-space-size=6000'],
  })
  if (result === undefined) throw new Error('the service told nothing')
  console.log(`### A heap snapshot of ${(result.heapUsedBytes / 1e6).toFixed(0)} MB, Node ${version}\n`)
  console.log(`        ${(result.bytes / 1e6).toFixed(0)} MB written in ${(result.durationMs / 1000).toFixed(0)} s`)
  const majorGcMs = medianOf(result.majorGcMs)
  const allowedMs = majorGcMs + 40 + 30 + result.heapUsedBytes / 1e8
  verdict(
    `the service's longest pause is ${result.longestPauseMs.toFixed(0)} ms, and ${result.longestPauseBeforeMs.toFixed(0)} ms in as long a time before (at most one major GC of ${majorGcMs.toFixed(0)} ms, a drain of 40 ms, 30 ms and 10 ms per GB: ${allowedMs.toFixed(0)})`,
    result.longestPauseMs <= allowedMs,
  )
  const parsed = parseInDevTools(file)
  verdict(
    `DevTools reads ${String(parsed.nodes)} nodes of ${(parsed.totalBytes / 1e6).toFixed(0)} MB (within 5 % of the heap)`,
    Math.abs(parsed.totalBytes / result.heapUsedBytes - 1) <= 0.05,
  )
  verdict(
    `and counts ${String(parsed.markers)} of ${String(result.markers)} objects of the service's own class`,
    parsed.markers === result.markers,
  )
  console.log()
  rmSync(file)
}
