// The head of the package's first file: it runs a module when something of it is first used.
import { transform } from 'esbuild'

/**
 * `$` gives a module of the package, `$n` one of Node: taken of Node itself, so that a bundler has no `require()` to replace. `add` takes
 * what a module may need, by ids and names; `late` has the files that are read when a module is asked for that is not there.
 */
const START = `
const builtin = process.getBuiltinModule.bind(process), code = {}, needs = {}, made = {}, $n = {}, late = []
const $ = (id) => made[id] ?? run(id)
function run(id) {
  while (code[id] === undefined) readLate()
  const exports = (made[id] = {})
  code[id](exports)
  return exports
}
function replaced(cause) {
  const text = 'ERR_PACKAGE_REPLACED: files of cache-attribution were replaced or removed while this process runs: restart it'
  return Object.assign(new Error(text, { cause }), { code: 'ERR_PACKAGE_REPLACED' })
}
function readLate() {
  try { late[0]() } catch (cause) { throw replaced(cause) }
  late.shift()
}
function of(other) { if (other !== build) throw replaced(); return module.exports }
function add(id, needed, module) { code[id] = module; needs[id] = needed }
function addBuiltin(name, property) {
  Object.defineProperty($n, property, { configurable: true, get() {
    const value = builtin('node:' + name)
    Object.defineProperty($n, property, { value })
    return value
  } })
}
const $get = (exports, name, get) => Object.defineProperty(exports, name, { enumerable: true, get })
const $entry = (id) => Object.defineProperty($(id), '__esModule', { value: true })
const $namespace = (one) => (one?.default ? one : { ...one, default: one })
const seen = new Set()
function* LOAD_LATE_CODE() {
  for (const id in made) seen.add(Number(id))
  for (const id of seen) {
    if (done.has(id)) continue
    $(id)
    for (const need of needs[id]) typeof need === 'number' ? seen.add(need) : void $n[need]
    done.add(id)
    yield
  }
}
const done = new Set()
`
export const SHARED = ['$', '$n', '$get', '$entry', '$namespace', 'add', 'addBuiltin', 'late', 'of', 'LOAD_LATE_CODE']

export async function startText() {
  const { code } = await transform(START, { target: 'node20.19', minifySyntax: true, minifyWhitespace: true })
  return code
}
