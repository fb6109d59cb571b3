/**
 * A real process with two slow leaks among six busy bounded caches: are the leaks found, and nobody else accused?
 *
 *   node dist/bench/slow-leak.js [--seconds 600] [--mode twin]
 */
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { isGrowing } from '../src/report/trends/format-trends.js'
import type { Trend } from '../src/report/trends/types.js'
import { flags, runScript } from './support/processes.js'
import { printTable, verdict } from './support/table.js'
import type { Outcome } from './slow-leak/service.js'

const seconds = flags('seconds')[0] ?? '600'
const mode = flags('mode')[0] ?? 'twin'
/** The planted growth, in bytes an hour: 64 KiB a second of SQLite's memory, 4,096 doubles a second. */
const NATIVE = 64 * 1024 * 3600
const JS = 4096 * 8 * 3600

const folder = mkdtempSync(path.join(os.tmpdir(), 'slow-leak-'))
try {
  const [outcome] = await runScript<Outcome>('slow-leak/service', { args: [seconds, folder, mode] })
  if (outcome === undefined) throw new Error('the service told nothing')
  const { last, reports, requests, text } = outcome
  console.log(
    `${text}\n\n**${seconds} s, ${String(reports)} reports in mode ${mode}, ${String(requests)} requests, Node ${process.version}**\n`,
  )
  const rows: [string, Trend | null | undefined][] = [
    ['floor, allocator', last.floor.trend?.allocated],
    ['floor, JS heap', last.floor.trend?.heap],
    ...last.caches.map(({ name, trend }): [string, Trend | undefined] => [name, trend]),
  ]
  printTable(
    ['what', 'verdict', 'MiB/h', 'from', 'to', 'p'],
    rows.map(([name, trend]) => [
      name,
      trend?.verdict ?? '–',
      mib(trend?.slope?.bytesPerHour),
      mib(trend?.slope?.lowBytesPerHour),
      mib(trend?.slope?.highBytesPerHour),
      trend?.significance?.toExponential(1) ?? '–',
    ]),
  )
  const { allocated, heap } = last.floor.trend ?? {}
  verdict(`the native leak is found (planted ${mib(NATIVE)} MiB/h)`, isGrowing(allocated))
  verdict(`the JavaScript leak is found (planted ${mib(JS)} MiB/h)`, isGrowing(heap))
  const accused = last.caches.filter(({ trend }) => isGrowing(trend)).map(({ name }) => name)
  verdict(`no cache is accused${accused.length === 0 ? '' : `: ${accused.join(', ')}`}`, accused.length === 0)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function mib(bytes: number | undefined): string {
  return bytes === undefined ? '–' : (bytes / 1024 / 1024).toFixed(1)
}
