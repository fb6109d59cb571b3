// How often `expectRetained()` accuses ordinary calls of popular packages, and how often it misses planted leaks. Needs the registry of
// npm, or a folder in which the packages are installed.
//
//   node tools/testing-alarms.mjs [--runs 1000] [--times 100] [--node PATH] [--folder FOLDER] [--only WORD,WORD] [--alone]
//
// `--runs`: measurements in all, over all calls in turn (default: one of each). `--alone`: each in a process of its own; else ten of one
// kind share one, as tests of one file do. Build first: `npm run build:ts`.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { expectRetained } from '../dist/src/testing/index.js'
import { ordinaryCalls } from './testing-alarms/ordinary-calls.mjs'
import { plantedLeaks } from './testing-alarms/planted-leaks.mjs'

/** @typedef {{ name: string, limit: number, verdict: 'holds' | 'accused', bytes: number, uncertainty: number, isConclusive: boolean, ms: number, message: string }} Outcome */

/** The limit that the guide has in its first example. */
const ORDINARY_LIMIT = 1024
const SHARED = 10
const MEASUREMENT_MS = 300_000

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    times: { type: 'string', default: '100' },
    node: { type: 'string', default: process.execPath },
    folder: { type: 'string' },
    only: { type: 'string', default: '' },
    alone: { type: 'boolean', default: false },
    measure: { type: 'string' },
  },
})
const times = Number(values.times)

if (values.measure !== undefined) await measureAll(values.measure.split('\n'))
else await compare()

/** In a child: one line of JSON for each. @param {string[]} names */
async function measureAll(names) {
  const { load } = await import(pathToFileURL(path.join(values.folder ?? '.', 'load.mjs')).href)
  for (const name of names) {
    const leak = plantedLeaks[name]
    try {
      const call = leak === undefined ? await ordinaryCalls[name]?.make(load) : await leak.make()
      if (call === undefined) throw new Error('there is no such call')
      // A leak is to be seen at a limit below what it leaves behind.
      const limit = leak === undefined ? ORDINARY_LIMIT : leak.leastBytes / 2
      console.log(JSON.stringify(await measure(name, call, limit)))
    } catch (error) {
      console.error(`${name} failed: ${/** @type {Error} */ (error).stack ?? String(error)}`)
    }
  }
  // Servers and sockets of the calls are no part of the measurement.
  process.exit(0)
}

/** @param {string} name @param {() => unknown} call @param {number} limit @returns {Promise<Outcome>} */
async function measure(name, call, limit) {
  const startMs = performance.now()
  const common = () => ({ name, limit, ms: performance.now() - startMs })
  try {
    const result = await expectRetained(call, { times }).toBeBelow(limit)
    const { bytesPerCall: bytes, uncertaintyBytes: uncertainty, isConclusive } = result
    return { ...common(), verdict: 'holds', bytes, uncertainty, isConclusive, message: '' }
  } catch (error) {
    const { code, message } = /** @type {{ code?: string, message: string }} */ (error)
    if (code !== 'ERR_RETAINED_ABOVE') throw error
    return { ...common(), verdict: 'accused', bytes: NaN, uncertainty: NaN, isConclusive: true, message }
  }
}

async function compare() {
  const words = values.only.split(',')
  const chosen = Object.keys({ ...ordinaryCalls, ...plantedLeaks }).filter((name) =>
    words.some((word) => name.includes(word)),
  )
  const runs = values.runs === undefined ? chosen.length : Number(values.runs)
  const folder = values.folder ?? (await mkdtemp(path.join(os.tmpdir(), 'alarms-')))
  try {
    await install(folder, chosen)
    const planned = Array.from({ length: runs }, (_, run) => chosen[run % chosen.length] ?? '')
    /** @type {Outcome[]} */
    const outcomes = []
    for (const names of groups(planned)) outcomes.push(...(await inChild(folder, names)))
    report(outcomes, planned.length)
  } finally {
    if (values.folder === undefined) await rm(folder, { recursive: true, force: true })
  }
}

/** @param {string[]} names @returns {string[][]} */
function groups(names) {
  const size = values.alone ? 1 : SHARED
  return Array.from({ length: Math.ceil(names.length / size) }, (_, index) =>
    names.slice(index * size, (index + 1) * size),
  )
}

/** @param {string} folder @param {string[]} names */
async function install(folder, names) {
  const packages = [...new Set(names.flatMap((name) => ordinaryCalls[name]?.packages ?? []))]
  await writeFile(
    path.join(folder, 'load.mjs'),
    'export const load = async (name, isWhole = false) => {\n  const module = await import(name)\n  return isWhole ? module : (module.default ?? module)\n}\n',
  )
  const missing = packages.filter((name) => !existsSync(path.join(folder, 'node_modules', name)))
  if (missing.length === 0) return
  if (!existsSync(path.join(folder, 'package.json')))
    await writeFile(path.join(folder, 'package.json'), '{"private":true}')
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--engine-strict=false']
  await promisify(execFile)('npm', ['install', ...options, ...missing], { cwd: folder })
}

/** @param {string} folder @param {string[]} names @returns {Promise<Outcome[]>} */
async function inChild(folder, names) {
  const file = fileURLToPath(import.meta.url)
  const args = [file, '--folder', folder, '--times', values.times, '--measure', names.join('\n')]
  const { stdout, stderr } = await promisify(execFile)(values.node, args, {
    cwd: folder,
    timeout: names.length * MEASUREMENT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
  })
  process.stderr.write(stderr)
  // Calls may print.
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{"name"'))
    .map((line) => /** @type {Outcome} */ (JSON.parse(line)))
}

/** @param {Outcome[]} outcomes @param {number} planned */
function report(outcomes, planned) {
  const isLeak = (/** @type {Outcome} */ { name }) => Object.hasOwn(plantedLeaks, name)
  const ordinary = outcomes.filter((outcome) => !isLeak(outcome))
  const leaks = outcomes.filter(isLeak)
  const alarms = ordinary.filter(({ verdict }) => verdict === 'accused')
  const misses = leaks.filter(({ verdict }) => verdict === 'holds')
  const open = ordinary.filter(({ isConclusive }) => !isConclusive)
  for (const { name, message } of alarms) console.log(`false alarm: ${name}\n  ${message}`)
  for (const { name, bytes, uncertainty } of misses) {
    console.log(`missed: ${name}: ${bytes.toFixed(0)} ± ${uncertainty.toFixed(0)} B a call`)
  }
  for (const { name, bytes, uncertainty } of open) {
    console.log(`not conclusive: ${name}: ${bytes.toFixed(0)} ± ${uncertainty.toFixed(0)} B a call`)
  }
  const names = new Set(ordinary.map(({ name }) => name)).size
  const mean = outcomes.reduce((sum, { ms }) => sum + ms, 0) / Math.max(1, outcomes.length)
  console.log(`Node ${values.node === process.execPath ? process.version : values.node}, ${times} calls a round`)
  console.log(
    `${alarms.length} false alarms in ${ordinary.length} measurements of ${names} ordinary calls, ${open.length} of them not conclusive`,
  )
  console.log(
    `${misses.length} misses in ${leaks.length} measurements of planted leaks; ${(mean / 1000).toFixed(1)} s a measurement`,
  )
  const failed = planned - outcomes.length
  if (failed > 0) console.log(`${failed} measurements were not made: their calls failed`)
  process.exitCode = alarms.length + misses.length + failed === 0 ? 0 : 1
}
