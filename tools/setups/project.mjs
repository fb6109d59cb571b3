// A project outside the repository, as a user has it: the packed tarball and what the set-up takes are installed from the registry.
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { failureOf, runCommand, tail } from '../run-command.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const root = path.join(here, '..', '..')
const INSTALL_MS = 300_000
const RUN_MS = 120_000
const KNOWN_BYTES = 25_000_000

/** The environment of a user's shell: nothing of npm or of this repository's tools. */
function plainEnv() {
  const ours = /^(?:npm_|NODE_OPTIONS$|NODE_V8_COVERAGE$|NODE_PATH$|CI$|CACHE_ATTRIBUTION_)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}

/** Packs the repository. @returns {Promise<string>} path of the tarball */
export async function packTarball(/** @type {string} */ folder) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const result = await runCommand('npm', args, { cwd: root, timeoutMs: INSTALL_MS })
  if (failureOf(result) !== undefined) throw new Error(`npm pack: ${failureOf(result)}\n${tail(result.output)}`)
  const answer = JSON.parse(result.stdout)
  const [packed] = Array.isArray(answer) ? answer : Object.values(answer)
  return path.join(folder, packed.filename)
}

export class Project {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder
  }

  /**
   * @param {string} parent @param {string} name
   * @param {{ tarball?: string | undefined, packages?: readonly string[], manifest?: object }} options
   */
  static async make(parent, name, { tarball, packages = [], manifest = {} } = {}) {
    const folder = path.join(parent, name)
    await mkdir(folder, { recursive: true })
    await writeFile(
      path.join(folder, 'package.json'),
      JSON.stringify({ name: `setup-${name}`, private: true, ...manifest }),
    )
    const project = new Project(await realpath(folder))
    const wanted = [...(tarball === undefined ? [] : [tarball]), ...packages]
    if (wanted.length > 0) await project.install(wanted)
    return project
  }

  /** @param {readonly string[]} packages */
  async install(packages) {
    const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
    await this.run('npm', ['install', ...quiet, ...packages], { timeoutMs: INSTALL_MS })
  }

  /** Adds to its package.json. @param {object} more */
  async edit(more) {
    const manifest = JSON.parse(await readFile(path.join(this.folder, 'package.json'), 'utf8'))
    await this.write('package.json', JSON.stringify({ ...manifest, ...more }))
  }

  /** @param {string} name @param {string} content */
  async write(name, content) {
    const file = path.join(this.folder, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, content)
  }

  /** The program of tools/setups/app.mjs, with imports before it; as CommonJS by `require()`. @param {string} name @param {{ first?: string, isCommonJs?: boolean }} [options] */
  async writeApp(name, { first = '', isCommonJs = false } = {}) {
    const text = await readFile(path.join(here, 'app.mjs'), 'utf8')
    const source = `${first}${text}`
    await this.write(name, isCommonJs ? asCommonJs(source) : source)
  }

  /**
   * Runs a command there; throws where it fails, unless its end is asked for.
   *
   * @param {string} command @param {readonly string[]} args
   * @param {{ env?: NodeJS.ProcessEnv, timeoutMs?: number, cwd?: string, mayFail?: boolean }} [options]
   */
  async run(command, args, { env = {}, timeoutMs = RUN_MS, cwd = this.folder, mayFail = false } = {}) {
    const bin = path.join(this.folder, 'node_modules', '.bin')
    const whole = { ...plainEnv(), PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}`, ...env }
    const result = await runCommand(command, [...args], { cwd, env: whole, timeoutMs })
    const failure = failureOf(result)
    if (failure !== undefined && !mayFail) {
      throw new Error(`${command} ${args.join(' ')}: ${failure}\n${tail(result.output, 30)}`)
    }
    return result
  }

  /** Runs a program that is like tools/setups/app.mjs. @param {readonly string[]} args @param {Parameters<Project['run']>[2]} [options] */
  async measure(args, options = {}) {
    return answerOf(await this.run(process.execPath, args, { ...options, mayFail: true }))
  }

  /** One file alone, in a folder where nothing is installed. @param {readonly string[]} files */
  async away(...files) {
    const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'setup-away-')))
    for (const file of files)
      await cp(path.join(this.folder, file), path.join(folder, path.basename(file)), { recursive: true })
    return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
  }
}

/** @param {string} source */
function asCommonJs(source) {
  return source
    .replace(/^import (\{[^}]*\}) from ('[^']*')$/gm, 'const $1 = require($2)')
    .replace(/^import ('[^']*')$/gm, 'require($1)')
}

/** The output of a program. @param {{ output: string }} result */
export function answerOf(result) {
  const { output } = result
  const [, kind, json] = /^(RESULT|REFUSED) (\{.*\})$/m.exec(output) ?? []
  if (json === undefined) throw new Error(`it said neither a result nor a refusal:\n${tail(output, 30)}`)
  return { kind, ...JSON.parse(json), output }
}

/** @param {unknown} condition @param {string} message */
export function must(condition, message) {
  if (!condition) throw new Error(message)
}

/** The cache is measured with all its bytes, in the twin and by release; the page is there. @param {any} answer */
export function expectMeasured(answer) {
  must(answer.kind === 'RESULT', `refused: ${answer.message}`)
  const isRight = (/** @type {unknown} */ bytes) => Number(bytes) > KNOWN_BYTES && Number(bytes) < KNOWN_BYTES * 1.12
  must(isRight(answer.twinBytes), `the twin measured ${answer.twinBytes}`)
  must(isRight(answer.releaseBytes), `the release measured ${answer.releaseBytes}`)
  must(answer.entriesAfterTwin === 5000 && answer.entriesAfterRelease === 0, `entries: ${JSON.stringify(answer)}`)
  must(answer.owner.className === 'Map' && isRight(answer.owner.totalBytes), `owner: ${JSON.stringify(answer.owner)}`)
  must(answer.page.status === 200 && answer.page.isWhole, `page: ${JSON.stringify(answer.page)}`)
  return `${(answer.twinBytes / 1e6).toFixed(2)} MB in a twin, ${(answer.releaseBytes / 1e6).toFixed(2)} MB by release`
}

/** Nothing was measured, and the error says what to do. @param {any} answer */
export function expectRefused(answer) {
  must(answer.kind === 'REFUSED', `it measured: ${JSON.stringify(answer)}`)
  must(answer.code === 'ERR_ADDON_BUNDLED', `it said ${answer.message}`)
  must(answer.message.includes("import 'cache-attribution/bundled'"), `the cure is missing: ${answer.message}`)
}
