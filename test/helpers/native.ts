/**
 * The C helpers of test/native/, compiled on first use with the system's `cc`: libraries to preload and addons to load.
 *
 * Rule: what is newer than its source is used again; a build goes to its place by one rename, so that two test runs side
 * by side never see half a file.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { skipOrFail } from './child.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SOURCES = path.join(ROOT, 'test', 'native')
const OUTPUT = path.join(SOURCES, 'build')

/**
 * The shared library of `test/native/<name>.c`, to be preloaded. Skips the tests of a `before` hook where there is no C
 * compiler; under CI that is a failure.
 */
export function buildLibrary(context: Mocha.Context, name: string): string {
  return build(context, `${name}.c`, `${name}.so`, [])
}

/** The Node-API addon of `test/native/<name>.c`, for `require`; see {@link buildLibrary}. */
export function buildAddon(context: Mocha.Context, name: string): string {
  const headers = nodeHeaders()
  if (headers === undefined) return skipOrFail(context, 'the headers of Node were not found: npm run build:native')
  return build(context, `${name}.c`, `${name}.node`, ['-DNAPI_VERSION=8', `-I${headers}`])
}

/** The program of `test/native/<name>.c`; see {@link buildLibrary}. It may include sources of the addon. */
export function buildProgram(context: Mocha.Context, name: string, sources: readonly string[] = []): string {
  const newest = sources.map((source) => statSync(path.join(ROOT, 'native', source)).mtimeMs)
  return build(context, `${name}.c`, name, [], { kind: [], newestMs: Math.max(0, ...newest) })
}

function build(
  context: Mocha.Context,
  source: string,
  output: string,
  flags: readonly string[],
  { kind, newestMs } = { kind: ['-shared', '-fPIC', '-fvisibility=hidden'], newestMs: 0 },
): string {
  const from = path.join(SOURCES, source)
  const to = path.join(OUTPUT, output)
  if (existsSync(to) && statSync(to).mtimeMs > Math.max(statSync(from).mtimeMs, newestMs)) return to
  mkdirSync(OUTPUT, { recursive: true })
  const fresh = `${to}.${String(process.pid)}`
  const options = ['-std=gnu11', '-O1', '-Wall', '-Wextra', ...kind]
  const compiled = spawnSync('cc', [...options, ...flags, from, '-o', fresh, '-ldl'], { encoding: 'utf8' })
  if (compiled.error !== undefined) return skipOrFail(context, `no C compiler: ${compiled.error.message}`)
  if (compiled.status !== 0) throw new Error(`${source} does not compile:\n${compiled.stderr}`)
  renameSync(fresh, to)
  return to
}

/** The headers with which the package's own addon was built, else those beside this Node. */
function nodeHeaders(): string | undefined {
  const settings = path.join(ROOT, 'native', 'build', 'config.gypi')
  const nodedir = existsSync(settings) ? /"nodedir": "([^"]+)"/.exec(readFileSync(settings, 'utf8'))?.[1] : undefined
  return [nodedir, path.dirname(path.dirname(process.execPath))]
    .filter((folder) => folder !== undefined)
    .map((folder) => path.join(folder, 'include', 'node'))
    .find((folder) => existsSync(path.join(folder, 'node_api.h')))
}
