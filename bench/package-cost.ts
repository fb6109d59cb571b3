/**
 * The cost of the installed package: its room on the disk with what it needs, processor time and resident memory of importing three
 * entries, and of `--help`, each of these as the least of several processes, above that of a process that does nothing.
 *
 *   node dist/bench/package-cost.js [--node PATH]… [--package FOLDER] [--runs 15] [--slack 1]
 *
 * FOLDER holds a package.json with the name cache-attribution; without it the built package of this repository, whose room is that of the
 * files that it would carry, with one system's addon. The least and not the median: other work can only add to it. `--slack 2` doubles the bars, for a machine that does other work.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chosenNodes } from './support/processes.js'
import { printTable } from './support/table.js'

const ENTRIES = ['index', 'http', 'twin']

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
/** The room of the package and of what it needs, in blocks of the disk: no other work changes it. */
const DISK_BYTES = 3e6
const diskBytes = roomOf(folder)

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
console.log(`on disk (≤ ${String(DISK_BYTES / 1e6)} MB): ${(diskBytes / 1e6).toFixed(3)} MB`)
process.exitCode = missed.length === 0 && diskBytes <= DISK_BYTES * slack ? 0 : 1

/** The bytes that an installation takes: its blocks, folders included. */
function roomOf(installed: string): number {
  const parent = path.dirname(installed)
  const files =
    path.basename(parent) === 'node_modules'
      ? [installed, path.join(parent, 'eventemitter3')].flatMap(below)
      : [...packedFiles(installed), ...below(path.join(installed, 'node_modules', 'eventemitter3'))]
  return [...files].reduce((sum, file) => sum + lstatSync(file).blocks * 512, 0)
}

function below(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return [directory, ...entries.map((entry) => path.join(directory, entry))]
}

/** What `npm pack` takes, with its folders; of addons that of one system. */
function packedFiles(project: string): string[] {
  const args = ['pack', '--dry-run', '--ignore-scripts', '--json']
  const [{ files }] = JSON.parse(execFileSync('npm', args, { cwd: project, encoding: 'utf8' })) as [
    { readonly files: readonly { readonly path: string }[] },
  ]
  const isOther = (file: string): boolean =>
    file.endsWith('.node') && !file.includes(`/${process.platform}-${process.arch}/`)
  const carried = files.map((file) => file.path).filter((file) => !isOther(file))
  const folders = new Set(carried.flatMap(foldersOf))
  return [...folders, ...carried].map((file) => path.join(project, file))
}

/** `docs` and `docs/guide` of a file there, and the package's own. */
function foldersOf(file: string): string[] {
  const parts = file.split('/').slice(0, -1)
  return ['.', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))]
}

function costOf(node: string): Cost {
  const imports = Array.from({ length: runs }, () => importCost(node))
  const helps = Array.from({ length: runs }, () => processorMs(node, ['dist/lib/cli-main.cjs', '--help']))
  return {
    importMs: Math.min(...imports.map(({ ms }) => ms)),
    importBytes: Math.min(...imports.map(({ bytes }) => bytes)),
    helpMs: Math.min(...helps),
  }
}

function importCost(node: string): { readonly ms: number; readonly bytes: number } {
  const files = ENTRIES.map((entry) => path.join(folder, 'dist/lib', `${entry}.cjs`))
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
