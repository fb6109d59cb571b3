// Runs the JavaScript blocks of documents as a reader does: each pasted into a .mjs file of a project that has this
// package. A block that listens is done when it listens; every other has to end by itself.
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { failureOf, runCommand, tail } from './run-command.mjs'

/** @typedef {import('./snippets.mjs').Finding} Finding */

/**
 * @typedef {object} RunnableSnippet
 * @property {string} document path shown in messages
 * @property {number} line line of the opening fence
 * @property {string} code
 * @property {{ line: number, text: string } | undefined} expected the block of output behind it
 *
 * @typedef {object} SnippetRun
 * @property {Finding[]} findings
 * @property {{ document: string, line: number, text: string }[]} outputs what the blocks with an output printed now
 */

const LIMIT_MS = 60_000

/** Ports are free ones, whatever the block says, and the first server that listens is the end. */
const LISTENER = `import net from 'node:net'
const { listen } = net.Server.prototype
net.Server.prototype.listen = function () {
  this.once('listening', () => setTimeout(() => process.exit(0), 200))
  return listen.call(this, 0, '127.0.0.1')
}
`

/**
 * @param {readonly RunnableSnippet[]} snippets
 * @param {string} packageRoot
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<SnippetRun>}
 */
export async function runSnippets(snippets, packageRoot, env) {
  /** @type {SnippetRun} */
  const run = { findings: [], outputs: [] }
  if (snippets.length === 0) return run
  const project = await makeProject(packageRoot)
  try {
    for (const [index, snippet] of snippets.entries()) await runOne(snippet, index, project, env, run)
  } finally {
    await rm(project, { recursive: true, force: true })
  }
  return run
}

/**
 * @param {RunnableSnippet} snippet
 * @param {number} index
 * @param {string} project
 * @param {NodeJS.ProcessEnv} env
 * @param {SnippetRun} run
 */
async function runOne({ document, line, code, expected }, index, project, env, { findings, outputs }) {
  const file = `block-${index}.mjs`
  await writeFile(path.join(project, file), code)
  // Shown output is that of a start under jemalloc, as the documents advise it.
  const command = path.join('node_modules', 'cache-attribution', 'dist', 'src', 'cli', 'main.js')
  const flags = ['--import', './listener.mjs', file]
  const args = expected === undefined ? flags : [command, 'run', '--no-fetch', '--quiet', '--', ...flags]
  const result = await runCommand(process.execPath, args, { cwd: project, env, timeoutMs: LIMIT_MS })
  const failure = failureOf(result)
  if (failure !== undefined) {
    findings.push({ document, line, reason: `${failure}\n${tail(result.output).replaceAll(project, '.')}` })
    return
  }
  if (expected === undefined) return
  outputs.push({ document, line: expected.line, text: result.stdout })
  const difference = differenceOf(expected.text, result.stdout)
  if (difference !== undefined) {
    findings.push({
      document,
      line: expected.line,
      reason: `${difference}; node tools/check-readme.mjs --write puts in what the block above prints now`,
    })
  }
}

/** Where two outputs differ by more than their figures; undefined where they do not. @param {string} shown @param {string} printed */
function differenceOf(shown, printed) {
  const [before, now] = [shown, printed].map((text) => text.trimEnd().split('\n').map(shapeOf))
  if (before === undefined || now === undefined) return undefined
  for (let index = 0; index < Math.max(before.length, now.length); index++) {
    if (before[index] === now[index]) continue
    return `line ${index + 1} of this output is "${now[index] ?? ''}" now, shown is "${before[index] ?? ''}"`
  }
  return undefined
}

/** A line without its figures, their units and the widths of its columns. @param {string} line */
export function shapeOf(line) {
  return (
    line
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '#')
      .replace(/[−+-]?\d[\d.,]*(?:\s?(?:B|[KMGT]iB|µs|ms|s|min|h|d|%|×))?(?![\w.])/g, '#')
      // A cell whose figure is not known.
      .replace(/(?<=\s)–(?=\s|$)/g, '#')
      .replace(/\s+/g, ' ')
      .trim()
  )
}

/** A folder in which this package and what it is developed with can be imported. @param {string} packageRoot */
async function makeProject(packageRoot) {
  const project = await realpath(await mkdtemp(path.join(os.tmpdir(), 'snippets-')))
  const modules = path.join(project, 'node_modules')
  await mkdir(modules)
  await symlink(packageRoot, path.join(modules, 'cache-attribution'))
  const installed = path.join(packageRoot, 'node_modules')
  const names = existsSync(installed) ? await readdir(installed) : []
  for (const name of names.filter((each) => !each.startsWith('.') && each !== 'cache-attribution')) {
    await symlink(path.join(installed, name), path.join(modules, name))
  }
  await writeFile(path.join(project, 'listener.mjs'), LISTENER)
  return project
}
