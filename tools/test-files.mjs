// Which test files there are, which of them are fast, and in which groups they are run.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** Weight of one process of mocha, at most: its start costs half a second, and the last ones to end are waited for. */
const GROUP_WEIGHT_MOST = 48
/** Each of these is one group: its files use the same browser. */
const TOGETHER = [path.join('http', 'page')]
/** These take more than ten seconds on a quiet machine: each is a group, and all of them start first. */
const LONG = [
  'adapters/conformance',
  'attach/attach',
  'attach/obstacles',
  'breakdown/first-line',
  'cli/hostile-terminal',
  'coordinator/profiled',
  'heap-profile/jeprof',
  'tools/check-readme',
].map((name) => path.normalize(`${name}.test.js`))
/** Simulations, each of which takes a processor for seconds. */
const SIMULATING = [
  'report/breakdown/build-breakdown',
  'report/build-report',
  'report/estimate-whole',
  'report/trends/trends',
].map((name) => path.normalize(`${name}.test.js`))
/**
 * They measure what takes a while, within bounds that leave room: they are run when the others are over, one for each processor,
 * the longest first.
 */
export const QUIET = [
  'coordinator/real',
  'heap-profile/profile/hostile',
  'twin/marking',
  'history/hostile',
  'twin/held-locks',
].map((name) => path.normalize(`${name}.test.js`))
/** Their assertions say how long something may take: nothing is run beside them. */
export const ALONE = [
  'coordinator/attribution',
  'coordinator/hostile-aliases',
  'coordinator/registry',
  'heap-profile/symbols/hostile',
  'http/hostile-reads',
  'report/format-report',
  'support/slices',
  'twin/parent',
  'twin/pauses',
].map((name) => path.normalize(`${name}.test.js`))

/** Modules that start processes or threads, fork, or open a server or a browser. */
const SLOW = /['"](?:node:(?:child_process|cluster|http|http2|https|net|worker_threads)|playwright-core)['"]/
/** Functions of the product that fork the process which calls them, among the names that a file imports. */
const FORKS =
  /\bimport \{[^}]*\b(?:runInTwin|workInTwin|makeTwin|forkAtRest|discover|heapSnapshot|classHistogram|countClasses)\b/
/** Helpers that pass on parts of the product: none of it runs by being named. */
const INTERNALS = path.join('helpers', 'internals') + path.sep
/** test/helpers/thorough.ts */
const THOROUGH = /\bfrom ['"][^'"]*\/helpers\/thorough\.js['"]/
const IMPORTED = /\bfrom ['"](\.[^'"]+)['"]|^import ['"](\.[^'"]+)['"]/gm

/** Every test file below a folder, sorted. @param {string} folder */
export function testFiles(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => path.join(folder, name))
    .toSorted()
}

/**
 * Whether a test stays in its process: neither it nor a helper of the tests that it imports starts, forks or serves anything.
 *
 * @param {string} file
 * @param {string} folder of all tests: what lies outside is the product's
 * @param {Set<string>} [seen]
 * @returns {boolean}
 */
export function isFast(file, folder, seen = new Set()) {
  if (seen.has(file) || path.relative(folder, file).startsWith(INTERNALS) || !existsSync(file)) return true
  seen.add(file)
  const text = readFileSync(file, 'utf8')
  if (SLOW.test(text) || FORKS.test(text)) return false
  return [...text.matchAll(IMPORTED)]
    .map(([, from, alone]) => path.join(path.dirname(file), from ?? alone ?? ''))
    .filter((imported) => !path.relative(folder, imported).startsWith('..'))
    .every((imported) => isFast(imported, folder, seen))
}

/** Whether some of its cases are run by `npm run test:thorough` alone. @param {string} file */
export function hasThorough(file) {
  return THOROUGH.test(readFileSync(file, 'utf8'))
}

/**
 * The files in groups that may be run side by side, those that are likely to take longest first; the single files of which one
 * is run for each processor, when those are over; and those that are run at the end, with nothing beside them.
 *
 * @param {readonly string[]} files
 * @param {string} folder
 */
export function groupsOf(files, folder) {
  const below = (/** @type {string} */ file) => path.relative(folder, file)
  const alone = files.filter((file) => ALONE.includes(below(file)))
  const quiet = QUIET.flatMap((name) => files.filter((file) => below(file) === name))
  /** @type {Map<string, string[]>} */
  const byKey = new Map()
  for (const file of files.filter((each) => !alone.includes(each) && !quiet.includes(each))) {
    const together = TOGETHER.find((name) => below(file).startsWith(name + path.sep))
    const key = together ?? (LONG.includes(below(file)) ? below(file) : (below(file).split(path.sep)[0] ?? ''))
    byKey.set(key, [...(byKey.get(key) ?? []), file])
  }
  const beside = [...byKey].flatMap(([key, own]) => (TOGETHER.includes(key) ? [own] : dealt(own)))
  const isLong = (/** @type {readonly string[]} */ group) =>
    group.some((file) => LONG.includes(below(file)) || TOGETHER.some((name) => below(file).startsWith(name + path.sep)))
  const order = (/** @type {readonly string[]} */ group) => weightOf(group) + (isLong(group) ? 1000 : 0)
  return { beside: beside.toSorted((a, b) => order(b) - order(a)), quiet: quiet.map((file) => [file]), alone }
}

/** Neighbours are alike: dealt out in turn, no group has all of the slow ones. @param {readonly string[]} files */
function dealt(files) {
  const count = Math.ceil(weightOf(files) / GROUP_WEIGHT_MOST)
  return Array.from({ length: count }, (_, group) => files.filter((_file, index) => index % count === group))
}

/** A file that uses processes takes some ten times as long as another. @param {readonly string[]} files */
function weightOf(files) {
  return files.reduce((sum, file) => {
    if (SIMULATING.some((name) => file.endsWith(path.sep + name))) return sum + GROUP_WEIGHT_MOST / 2
    const text = readFileSync(file, 'utf8')
    return sum + (SLOW.test(text) || text.includes('helpers/child.js') ? 10 : 1)
  }, 0)
}
