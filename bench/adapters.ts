/**
 * The bytes that every adapter gives back, against a Map with the same content, under load.
 *
 *   node dist/bench/adapters.js [--runs 10] [--only buffers,objects] [--node PATH]...
 */
import type { AdapterRow } from './adapters/measure.js'
import { chosenNodes, chosenOf, flags, runScript, versionOf } from './support/processes.js'
import { medianOf, printTable, verdict } from './support/table.js'

const LEAST_BYTES = 256 * 1024
const runs = Number(flags('runs')[0] ?? 10)
const kinds = chosenOf('only', ['buffers', 'objects'])

for (const node of chosenNodes()) {
  for (const kind of kinds) await judge(node, kind)
}

async function judge(node: string, kind: string): Promise<void> {
  const rows = await runScript<AdapterRow>('adapters/measure', { node, args: [kind, String(runs)] })
  const of = (name: string): number[] => rows.filter((row) => row.name === name).map(({ totalBytes }) => totalBytes)
  const names = [...new Set(rows.map(({ name }) => name))].filter((name) => name !== 'Map')
  const truth = medianOf(of('Map'))
  const bar = Math.max(LEAST_BYTES, 0.02 * truth)
  const worst = (name: string): number =>
    of(name).reduce((most, bytes) => (Math.abs(bytes - truth) > Math.abs(most) ? bytes - truth : most), 0)
  console.log(
    `**${kind}, ${String(runs)} releases each, Node ${versionOf(node)}: a Map gives back ${mebibytes(truth)}**\n`,
  )
  printTable(
    ['library', 'median difference to the Map', 'worst'],
    names.map((name) => [name, kibibytes(medianOf(of(name)) - truth), kibibytes(worst(name))]),
  )
  const off = names.filter((name) => Math.abs(medianOf(of(name)) - truth) > bar)
  verdict(
    `${String(names.length - off.length)} of ${String(names.length)} adapters within ${kibibytes(bar)} of the Map (median)`,
    off.length === 0,
  )
  const each = rows.filter(({ name, totalBytes }) => name !== 'Map' && Math.abs(totalBytes - truth) > bar)
  const all = rows.length - of('Map').length
  verdict(`${String(all - each.length)} of ${String(all)} single releases within it`, each.length === 0)
  const broken = rows.filter(({ worksAfterwards }) => !worksAfterwards)
  verdict(`${String(broken.length)} caches did not work afterwards`, broken.length === 0)
}

function kibibytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`
}
