// Runs the tests with mocha, in groups of files side by side; where CI is set, under c8 with the bounds of .c8rc.json, so that
// a CI run takes them once.
//
//   node tools/run-tests.mjs                     all of them: `npm test`
//   node tools/run-tests.mjs --fast              those without processes, forks, servers and browsers: `npm run test:fast`
//   node tools/run-tests.mjs --thorough          the thorough cases alone: `npm run test:thorough`
//   node tools/run-tests.mjs [mocha's arguments] one process of mocha, with these
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { groupsOf, hasThorough, isFast, testFiles } from './test-files.mjs'

const bin = fileURLToPath(new URL('../node_modules/.bin', import.meta.url))
const folder = fileURLToPath(new URL('../dist/test', import.meta.url))
const [first, ...others] = process.argv.slice(2)
const { timeout, 'node-option': nodeOptions } = JSON.parse(
  readFileSync(new URL('../.mocharc.json', import.meta.url), 'utf8'),
)
/** The settings of .mocharc.json without its files, to which mocha would only add these. */
const SETTINGS = [
  '--no-config',
  // A thorough case is an only one there (test/helpers/thorough.ts).
  ...(first === '--thorough' ? [] : ['--forbid-only']),
  '--timeout',
  String(timeout),
]
/** Node's own options stand before the script: of those behind it mocha makes another process. */
const NODE_OPTIONS = nodeOptions.map((/** @type {string} */ name) => `--${name}`)
const MOCHA = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url))
/** Set in the process that c8 starts. */
const COVERED = 'TESTS_ARE_COVERED'

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set()
let isStopped = false
// A terminal sends Ctrl-C to all of them; what is sent to this process alone is passed on. No group is started after it.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => {
    isStopped = true
    for (const child of children) child.kill(signal)
  })
}

/** Which files an option takes. @type {Readonly<Record<string, (file: string) => boolean>>} */
const SELECTED = { '--fast': (file) => isFast(file, folder), '--thorough': hasThorough }
const selected = first === undefined ? () => true : others.length === 0 ? SELECTED[first] : undefined
if (first === '--thorough') process.env['TESTS'] = 'thorough'

const isCi = (process.env['CI'] ?? '') !== '' && process.env['CI'] !== 'false'
// The bounds of coverage are those of all tests.
if (isCi && first !== '--thorough' && process.env[COVERED] === undefined) {
  const again = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  process.exitCode = await run(path.join(bin, 'c8'), again, {
    stdio: 'inherit',
    env: { ...process.env, [COVERED]: '1' },
  })
} else if (selected !== undefined) {
  process.exitCode = await runGroups(testFiles(folder).filter(selected))
} else {
  process.exitCode = await run(path.join(bin, 'mocha'), process.argv.slice(2), { stdio: 'inherit' })
}

/**
 * Most tests wait for a process that they have started: one group more than there are processors. On a developer's machine,
 * which does other things too, a group that fails beside others is run once more with nothing beside it, since tests measure
 * bytes and times: what fails there has failed. CI makes no second try, and runs no more groups than it has processors.
 *
 * @param {readonly string[]} files
 */
async function runGroups(files) {
  const started = performance.now()
  const { beside, quiet, alone } = groupsOf(files, folder)
  const total = { exitCode: 0, passed: 0, failed: 0 }
  /** @type {string[][]} */
  const again = []
  const lane = async (/** @type {string[][]} */ groups) => {
    for (let group = groups.shift(); group !== undefined && !isStopped; group = groups.shift()) {
      const { code, text } = await runGroup(group)
      const isTriedAgain = code !== 0 && !isCi && !isStopped
      if (isTriedAgain) again.push(group)
      else take(total, code, text)
      process.stdout.write(isTriedAgain ? text.replace(/^(?=.)/gm, 'beside others: ') : text)
    }
  }
  const processors = availableParallelism()
  await Promise.all(Array.from({ length: processors + (isCi ? 0 : 1) }, () => lane(beside)))
  await Promise.all(Array.from({ length: processors }, () => lane(quiet)))
  for (const group of alone.length > 0 ? [...again, alone] : again) {
    if (isStopped) break
    const { code, text } = await runGroup(group)
    take(total, code, text)
    process.stdout.write(text)
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  if (again.length > 0) console.log(`run again with nothing beside them: ${again.length} groups of files`)
  console.log(`all groups: ${total.passed} passed, ${total.failed} failed, in ${seconds} s`)
  if (isStopped) console.log('stopped by a signal before all groups were run')
  return isStopped ? 1 : total.exitCode
}

/** @param {readonly string[]} group */
async function runGroup(group) {
  /** @type {Buffer[]} */
  const chunks = []
  const color = process.stdout.isTTY ? '--color' : '--no-color'
  const args = [...NODE_OPTIONS, MOCHA, ...SETTINGS, color, ...group]
  const code = await run(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] }, (chunk) => chunks.push(chunk))
  return { code, text: Buffer.concat(chunks).toString() }
}

/**
 * @param {{ exitCode: number, passed: number, failed: number }} total
 * @param {number} code
 * @param {string} text
 */
function take(total, code, text) {
  total.passed += counted(text, 'passing')
  total.failed += counted(text, 'failing')
  // A process that dies has counted nothing.
  if (code !== 0) total.exitCode = 1
}

/** @param {string} text @param {string} word */
function counted(text, word) {
  return Number(new RegExp(`^\\s*(?:\\u001b\\[[\\d;]*m|\\s)*(\\d+) ${word}`, 'm').exec(text)?.[1] ?? 0)
}

/**
 * The exit code; 1 of what could not be started or was killed.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @param {(chunk: Buffer) => void} [onOutput]
 * @returns {Promise<number>}
 */
function run(command, args, options, onOutput) {
  return new Promise((resolve) => {
    const child = spawn(command, args, options)
    children.add(child)
    if (onOutput !== undefined) for (const stream of [child.stdout, child.stderr]) stream?.on('data', onOutput)
    child.once('error', (error) => {
      console.error(`${path.basename(command)} could not be started: ${error.message}`)
      resolve(1)
    })
    child.once('close', (code) => {
      children.delete(child)
      resolve(code ?? 1)
    })
  })
}
