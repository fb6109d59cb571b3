/**
 * The cost of the installed package: processor time and resident memory of importing three entries, and of `--help`, each as the
 * least of several processes, above that of a process that does nothing.
 *
 *   node dist/bench/package-cost.js [--node PATH]… [--package FOLDER] [--runs 15] [--slack 1]
 *
 * FOLDER holds a package.json with the name cache-attribution; without it the built package of this repository. The least and not
 * the median: other work can only add to it. `--slack 2` doubles the bars, for a machine that does other work.
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chosenNodes } from './support/processes.js'
import { printTable } from './support/table.js'

const ENTRIES = ['index', 'http/index', 'twin/index']

interface Cost {
  readonly importMs: number
  readonly importBytes: number
  readonly helpMs: number
}

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true },
    package: { type: 'string', default: fileURLToPath(new URL('../../', import.meta.url)) },
    runs: { type: 'string', default: '15' },
    slack: { type: 'string', default: '1' },
    record: { type: 'boolean' },
  },
})
const folder = path.resolve(values.package)
const runs = Number(values.runs)
const slack = Number(values.slack)
/** The bars: processor time and memory of the import, processor time of `--help`. */
const IMPORT_MS = 80 * slack
const IMPORT_BYTES = 8e6 * slack
const HELP_MS = 150 * slack

const rows = chosenNodes().map((node) => ({ node, cost: costOf(node) }))
printTable(
  [
    'Node',
    `import (≤ ${String(IMPORT_MS)} ms)`,
    `import (≤ ${String(IMPORT_BYTES / 1e6)} MB)`,
    `--help (≤ ${String(HELP_MS)} ms)`,
  ],
  rows.map(({ node, cost }) => [
    said(node, ['-p', 'process.version']),
    `${cost.importMs.toFixed(0)} ms`,
    `${(cost.importBytes / 1e6).toFixed(1)} MB`,
    `${cost.helpMs.toFixed(0)} ms`,
  ]),
)
const missed = rows.filter(
  ({ cost }) => cost.importMs > IMPORT_MS || cost.importBytes > IMPORT_BYTES || cost.helpMs > HELP_MS,
)
process.exitCode = missed.length === 0 ? 0 : 1

function costOf(node: string): Cost {
  const imports = Array.from({ length: runs }, () => importCost(node))
  const helps = Array.from({ length: runs }, () => processorMs(node, ['dist/lib/cli/main.cjs', '--help']))
  return {
    importMs: Math.min(...imports.map(({ ms }) => ms)),
    importBytes: Math.min(...imports.map(({ bytes }) => bytes)),
    helpMs: Math.min(...helps),
  }
}

function importCost(node: string): { readonly ms: number; readonly bytes: number } {
  const files = ENTRIES.map((entry) => path.join(folder, 'dist/lib', `${entry}.js`))
  const program = `
    const cpu = process.cpuUsage(), before = process.memoryUsage.rss()
    for (const file of ${JSON.stringify(files)}) await import(file)
    const { user, system } = process.cpuUsage(cpu)
    console.log(JSON.stringify({ ms: (user + system) / 1000, bytes: process.memoryUsage.rss() - before }))`
  return JSON.parse(said(node, ['--input-type=module', '-e', program])) as { ms: number; bytes: number }
}

/** Of the whole process. */
function processorMs(node: string, args: readonly string[]): number {
  const program = `
    const { status } = require('node:child_process').spawnSync(process.execPath, ${JSON.stringify(args)}, { stdio: 'ignore' })
    if (status !== 0) throw new Error('it failed')
    const { readFileSync } = require('node:fs')
    const [, cutime, cstime] = /\\) (?:\\S+ ){13}(\\d+) (\\d+)/.exec(readFileSync('/proc/self/stat', 'latin1'))
    console.log((Number(cutime) + Number(cstime)) * 10)`
  return Number(said(node, ['-e', program]))
}

function said(node: string, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(node, args, { encoding: 'utf8', cwd: folder })
  if (status !== 0) throw new Error(stderr)
  return stdout.trim()
}
