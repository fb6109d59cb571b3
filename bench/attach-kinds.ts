/**
 * `attach` on programs of each kind: bundles, TypeScript, Plug'n'Play, single executables, under each Node given and
 * each allocator; and that it leaves Bun, Deno and what permits nothing alone.
 *
 *   node dist/bench/attach-kinds.js --folder FOLDER [--node PATH]… [--only WORD,WORD] [--jemalloc]
 *
 * Missing packages are installed from the registry into the folder (300 MB).
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Discovery } from '../src/report/discovery/types.js'
import { KINDS, PACKAGES, PLANTED, folderFor } from './attach/kinds.js'
import type { ProgramKind } from './attach/kinds.js'
import { chosenNodes, chosenOf, flags, versionOf } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url))
const WITHIN = 0.02
const READY_MS = 60_000

/** The result of one. */
interface Seen {
  /** The code of the refusal, or null. */
  readonly refusal: string | null
  /** Of the planted owner; null where it was not named. */
  readonly bytes: number | null
  readonly script: string | null
  readonly tookMs: number
  readonly isUnharmed: boolean
}

const folder = flags('folder')[0] ?? path.join(tmpdir(), 'attach-kinds')
const packages = path.join(folder, 'node_modules')
const chosen = chosenOf(
  'only',
  KINDS.map(({ name }) => name),
  (name, word) => name.includes(word),
)
if (!existsSync(path.join(packages, 'postject'))) {
  folderFor(folder)
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }')
  execFileSync('npm', ['install', '--no-audit', '--no-fund', ...PACKAGES], { cwd: folder, stdio: 'inherit' })
}

for (const node of chosenNodes()) {
  console.log(`### Node ${versionOf(node)}\n`)
  const rows: (string | number)[][] = []
  const outcomes: [string, boolean][] = []
  for (const kind of KINDS.filter(({ name }) => chosen.includes(name))) {
    const seen = await attachTo(kind, node)
    const expected = kind.refusal(majorOf(node))
    const truth = PLANTED.entries * PLANTED.bytesEach
    const isRight =
      expected === null ? seen.bytes !== null && Math.abs(seen.bytes / truth - 1) <= WITHIN : seen.refusal === expected
    rows.push([
      kind.name,
      seen.refusal ?? (seen.bytes === null ? 'not named' : `${(seen.bytes / truth).toFixed(4)} ×`),
      seen.script ?? '',
      seen.tookMs.toFixed(0),
      seen.isUnharmed ? 'yes' : 'NO',
    ])
    outcomes.push([kind.name, isRight && seen.isUnharmed])
  }
  printTable(['program', 'planted owner', 'said to be in', 'ms', 'unharmed'], rows)
  for (const [name, held] of outcomes) verdict(name, held)
}

async function attachTo(kind: ProgramKind, node: string): Promise<Seen> {
  const place = mkdtempSync(path.join(folderFor(folder, 'made'), 'x-'))
  const [program, ...args] = kind.make({ folder: place, packages, node, major: majorOf(node) })
  const { NODE_OPTIONS: _options, LD_PRELOAD: _preload, ...env } = process.env
  const preload = process.argv.includes('--jemalloc')
    ? { LD_PRELOAD: process.env['JEMALLOC'] ?? 'libjemalloc.so.2' }
    : {}
  // Others on this machine use the usual port.
  const options = kind.isNoNode === true ? {} : { NODE_OPTIONS: '--inspect-port=0' }
  const child = spawn(program, args, {
    cwd: place,
    env: { ...env, ...preload, ...options },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    const port = await portOf(child)
    const pid = Number(await get(port, '/pid'))
    const startMs = performance.now()
    const { stdout, stderr } = await output(
      spawn(process.execPath, [MAIN, 'discover', '--json', String(pid)], { stdio: 'pipe' }),
    )
    const tookMs = performance.now() - startMs
    const isUnharmed = child.exitCode === null && (await get(port, '/')) === String(PLANTED.entries)
    const refusal = /ERR_[A-Z_]+/.exec(stderr)?.[0] ?? null
    const owner = stdout === '' ? undefined : (JSON.parse(stdout) as Discovery).owners.find(isPlanted)
    return {
      refusal,
      bytes: owner?.retained.memoryBytes ?? null,
      script: owner?.script?.replace(place, '').replace(/^file:\/\//, '') ?? null,
      tookMs,
      isUnharmed,
    }
  } finally {
    await end(child)
    rmSync(place, { recursive: true, force: true })
  }
}

/** By its number: a minifier renames variables. */
function isPlanted({ entries }: Discovery['owners'][number]): boolean {
  return entries === PLANTED.entries
}

async function portOf(child: ChildProcess): Promise<number> {
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (text: Buffer) => (stdout += text.toString()))
  child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()))
  const endMs = performance.now() + READY_MS
  while (!/^\d+\n/m.test(stdout)) {
    if (child.exitCode !== null || performance.now() > endMs) throw new Error(`it did not start: ${stderr}`)
    await delay(20)
  }
  return Number.parseInt(stdout, 10)
}

async function output(child: ChildProcess): Promise<{ readonly stdout: string; readonly stderr: string }> {
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (text: Buffer) => (stdout += text.toString()))
  child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()))
  await once(child, 'close')
  return { stdout, stderr }
}

function get(port: number, where: string): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, path: where, agent: false }, (response) => {
        let body = ''
        response.on('data', (text: Buffer) => (body += text.toString())).on('end', () => resolve(body))
      })
      .on('error', reject)
  })
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 2000)
  await exited
  clearTimeout(timer)
}

function majorOf(node: string): number {
  return Number(/\d+/.exec(versionOf(node))?.[0])
}
