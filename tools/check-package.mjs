// Checks the package as users get it: packs it, looks through the file list, runs publint and attw over the tarball,
// installs it into an empty project without running any install script, and uses it there without a compiler.
//
//   npm run check:package        builds dist/ and native/prebuilds/ first
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { linksOf, parseMarkdown } from './markdown.mjs'
import { failureOf, runCommand, tail } from './run-command.mjs'

/** With the addon of one system; what each further one may add, as a file and in the code for bundles. */
const MAX_PACKED_BYTES = 1_250_000
const MAX_UNPACKED_BYTES = 2_750_000
const MAX_SYSTEM_BYTES = 270_000
const MAX_PACKAGES = 2
/** As the file system counts, with whole blocks. The aim is 3 MB: dist/bench/package-cost.js says what is missing. */
const MAX_INSTALLED_BYTES = 3_100_000
const LIMIT_MS = 180_000

const root = path.resolve(fileURLToPath(new URL('..', import.meta.url)))
const consumer = path.join(root, 'tools', 'package-consumer')
const installedBin = path.join(root, 'node_modules', '.bin')
const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'))

/** The files that every installation needs, and what may stand beside them. */
const REQUIRED = [
  'package.json',
  'README.md',
  'LICENSE',
  'dist/lib/index.cjs',
  'dist/lib/attach-agent-agent.bundle.cjs.br',
  'dist/types/index.d.cts',
  'docs/guide/twin.md',
  'examples/01-quickstart.ts',
  'native/binding.gyp',
  'native/sources.br',
  'native/unpack.mjs',
]
const ALLOWED = new RegExp(
  `^(?:${[
    String.raw`package\.json|LICENSE|[A-Z]+\.md`,
    String.raw`dist/lib/[\w-]+(?:\.bundle)?\.cjs(?:\.br)?|dist/types/[\w-]+\.d\.cts`,
    String.raw`docs/(?:guide|reference)/.+\.md`,
    String.raw`examples/.+\.(?:ts|md)`,
    String.raw`prometheus/\w+\.yml|grafana/[\w-]+\.json`,
    String.raw`native/(?:sources\.br|unpack\.mjs|binding\.gyp|README\.md|prebuilds/[\w-]+/[\w.-]+\.node)`,
  ].join('|')})$`,
)
/** Files that stand in the repository alone, for who changes the library: documents may link to it. */
const REPOSITORY_ONLY =
  /^(?:bench|docs\/(?:internals|images|benchmarks\.md)|examples\/(?:service|deploy|next)|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md|native\/README\.md)/
const PREBUILT = new RegExp(`^native/prebuilds/${process.platform}-${process.arch}/.+\\.node$`)

/** Strict, and with the library's own declarations checked too: what a demanding user has. */
const CONSUMER_TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    verbatimModuleSyntax: true,
    isolatedModules: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node'],
    typeRoots: [path.join(root, 'node_modules', '@types')],
  },
  include: ['types'],
}
let passed = 0
/** @type {string[]} */
const failures = []

/** @param {string} what @param {string | undefined | false} problem the reason of a failure */
function check(what, problem) {
  if (problem === undefined || problem === false) passed++
  else failures.push(what)
  console.log(problem === undefined || problem === false ? `ok   ${what}` : `FAIL ${what}: ${problem}`)
}

const project = await emptyProject()
try {
  const tarball = await pack()
  if (tarball !== undefined) {
    await checkByTools(tarball)
    if (await install(tarball)) {
      await checkUse()
      await checkTypes()
      await checkCommand()
      await checkCost()
    }
  }
} finally {
  await rm(project, { recursive: true, force: true })
}
console.log(
  `package: ${passed} checks hold, ${failures.length} fail${failures.length === 0 ? '' : `: ${failures.join('; ')}`}`,
)
process.exitCode = failures.length === 0 ? 0 : 1

/** Outside the repository, so that nothing of it can be found by walking up. */
async function emptyProject() {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'consumer-')))
  if (folder.startsWith(`${await realpath(root)}${path.sep}`))
    throw new Error(`TMPDIR lies inside the repository: ${folder}`)
  await writeFile(
    path.join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  )
  await cp(consumer, folder, { recursive: true })
  return folder
}

/** @returns {Promise<string | undefined>} path of the tarball */
async function pack() {
  // Scripts stay out: what they would build has been built, and their output would mix with the JSON.
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', project]
  const result = await runCommand('npm', args, { cwd: root, timeoutMs: LIMIT_MS })
  check('npm pack', failureOf(result) && `${failureOf(result)}\n${tail(result.output)}`)
  if (failureOf(result) !== undefined) return undefined
  const answer = JSON.parse(result.stdout)
  // npm 11 answers with an array, npm 12 with an object by package name.
  const [packed] = Array.isArray(answer) ? answer : Object.values(answer)
  /** @type {string[]} */
  const files = packed.files.map((/** @type {{ path: string }} */ file) => file.path)
  const missing = [...REQUIRED, ...targetsOf(manifest)].filter((file) => !files.includes(file))
  const surplus = files.filter((file) => !ALLOWED.test(file))
  check('the tarball holds what it needs', missing.length > 0 && `missing: ${missing.join(', ')}`)
  check('the tarball holds nothing else', surplus.length > 0 && `not expected: ${surplus.slice(0, 10).join(', ')}`)
  check('its documents link to what it holds', brokenLinks(files))
  check('it runs no script where it is installed', installScripts())
  check('the tarball holds a prebuilt addon for this platform', !files.some((file) => PREBUILT.test(file)) && 'none')
  check('the prebuilt addon loads on glibc 2.17', newerGlibc(files))
  check(`the tarball is small (${packed.size} bytes, ${packed.unpackedSize} unpacked)`, tooLarge(packed))
  return path.join(project, packed.filename)
}

/** Links of the packed documents to files that are not packed; undefined where there is none. @param {readonly string[]} files */
function brokenLinks(files) {
  const broken = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      linksOf(parseMarkdown(readFileSync(path.join(root, file), 'utf8')).prose).flatMap(({ line, target }) => {
        const [relative = ''] = target.split('#')
        if (relative === '' || /^[a-z][a-z0-9+.-]*:/i.test(relative)) return []
        const found = path.posix.join(path.posix.dirname(file), decodeURIComponent(relative)).replace(/\/$/, '')
        const isPacked = files.some((packed) => packed === found || packed.startsWith(`${found}/`))
        const isElsewhere = REPOSITORY_ONLY.test(found) && existsSync(path.join(root, found))
        return isPacked || isElsewhere ? [] : [`${file}:${line}: ${target}`]
      }),
    )
  return broken.length > 0 && `not packed: ${broken.slice(0, 10).join(', ')}`
}

/** Versions of glibc after 2.17 that prebuilt addons ask for: native/oldest-glibc.h is to bind what they call. @param {readonly string[]} files */
function newerGlibc(files) {
  const newer = files
    .filter((file) => file.endsWith('.glibc.node'))
    .flatMap((file) => {
      const names = readFileSync(path.join(root, file), 'latin1').matchAll(/GLIBC_2\.(\d+)/g)
      return [...new Set([...names].filter(([, minor]) => Number(minor) > 17).map(([name]) => `${file}: ${name}`))]
    })
  return newer.length > 0 && newer.join(', ')
}

/** Scripts that npm asks its user to allow. */
function installScripts() {
  const scripts = ['preinstall', 'install', 'postinstall', 'prepare'].filter((name) =>
    Object.hasOwn(manifest.scripts, name),
  )
  return scripts.length > 0 && scripts.join(', ')
}

/** @param {{ size: number, unpackedSize: number }} packed */
function tooLarge({ size, unpackedSize }) {
  const [packed, unpacked] = [MAX_PACKED_BYTES + furtherBytes(), MAX_UNPACKED_BYTES + furtherBytes()]
  if (size <= packed && unpackedSize <= unpacked) return undefined
  return `allowed are ${packed} and ${unpacked}`
}

/** The bytes that the addons of other systems may add. */
function furtherBytes() {
  const addons = readdirSync(path.join(root, 'native', 'prebuilds'), { recursive: true, encoding: 'utf8' })
  return (addons.filter((file) => file.endsWith('.node')).length - 1) * MAX_SYSTEM_BYTES
}

/** Files that `exports` and `bin` of the manifest point to. @param {any} manifest @returns {string[]} */
function targetsOf({ exports, bin }) {
  /** @param {any} node @returns {string[]} */
  const leaves = (node) => (typeof node === 'string' ? [node] : Object.values(node ?? {}).flatMap(leaves))
  return [...leaves(exports), ...leaves(bin)].map((file) => file.replace(/^\.\//, ''))
}

/** @param {string} tarball */
async function checkByTools(tarball) {
  /** @type {[string, string[]][]} */
  const tools = [
    ['publint', ['run', tarball, '--strict']],
    ['attw', [tarball, '--profile', 'node16', '--no-definitely-typed', '--no-emoji', '--no-color']],
  ]
  for (const [tool, args] of tools) {
    const result = await runCommand(path.join(installedBin, tool), args, { cwd: root, timeoutMs: LIMIT_MS })
    check(tool, failureOf(result) && `${failureOf(result)}\n${tail(result.output)}`)
  }
}

/** @param {string} tarball */
async function install(tarball) {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
  const args = ['install', '--ignore-scripts', '--omit=optional', '--omit=peer', ...quiet, tarball]
  const result = await runCommand('npm', args, { cwd: project, env: plainEnv(), timeoutMs: LIMIT_MS })
  check('npm install without scripts', failureOf(result) && `${failureOf(result)}\n${tail(result.output)}`)
  if (failureOf(result) !== undefined) return false
  await checkInstalled()
  return true
}

/** The packages that an installation brings. */
async function checkInstalled() {
  const { packages } = JSON.parse(await readFile(path.join(project, 'package-lock.json'), 'utf8'))
  const names = Object.keys(packages).filter((name) => existsSync(path.join(project, name)) && name !== '')
  check(`npm install brings ${names.length} packages`, names.length > MAX_PACKAGES && names.join(', '))
  const folder = path.join(project, 'node_modules')
  const blocks = readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce(
    (sum, entry) => sum + lstatSync(path.join(folder, entry)).blocks,
    0,
  )
  const bytes = blocks * 512
  check(
    `the installation is small (${bytes} bytes on disk)`,
    bytes > MAX_INSTALLED_BYTES + furtherBytes() && `allowed are ${MAX_INSTALLED_BYTES + furtherBytes()}`,
  )
}

/** Processor time and not the clock's, with room for other work on the machine. */
async function checkCost() {
  const script = path.join(root, 'dist', 'bench', 'package-cost.js')
  const args = [
    script,
    '--package',
    path.join(project, 'node_modules', 'cache-attribution'),
    '--runs',
    '5',
    '--slack',
    '1.2',
  ]
  const result = await runCommand(process.execPath, args, { cwd: root, timeoutMs: LIMIT_MS })
  check('importing it and --help cost little', failureOf(result) && `${failureOf(result)}\n${tail(result.output)}`)
}

/** The environment without what `npm run` sets for this script. */
function plainEnv() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_')))
}

/** A PATH that holds node alone: no compiler, no make, no python. */
async function barePath() {
  const folder = path.join(project, 'bare-path')
  if (!existsSync(folder)) {
    await mkdir(folder)
    await symlink(process.execPath, path.join(folder, 'node'))
  }
  return folder
}

async function checkUse() {
  const args = ['use.mjs', JSON.stringify(entryPoints())]
  const env = { PATH: await barePath(), HOME: project }
  const result = await runCommand(process.execPath, args, { cwd: project, env, timeoutMs: LIMIT_MS })
  const failure = failureOf(result)
  check('it is imported without a compiler', failure && `${failure}\n${tail(result.output)}`)
  if (failure !== undefined) return
  const seen = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '{}')
  check('every entry point is imported', seen.failures.length > 0 && seen.failures.join('; '))
  check('Coordinator is exported', !seen.exports.includes('Coordinator') && `exports are ${seen.exports.join(', ')}`)
  check(
    'the prebuilt addon is loaded',
    !seen.loaded.some((/** @type {string} */ file) => PREBUILT.test(file)) &&
      `loaded: ${seen.loaded.join(', ') || 'none'}`,
  )
  check('observe() answers', seen.observed !== true && 'there was no coordinator to ask')
}

/** Entry points that users import, e.g. `.` and `./http`. */
function entryPoints() {
  return Object.keys(manifest.exports).filter((subpath) => !subpath.endsWith('.json'))
}

async function checkTypes() {
  const missing = entryPoints().filter((subpath) => !existsSync(path.join(project, 'types', consumerOf(subpath))))
  check('every entry point has a consumer of its types', missing.length > 0 && `none for ${missing.join(', ')}`)
  await linkPeers()
  await writeFile(path.join(project, 'tsconfig.json'), JSON.stringify(CONSUMER_TSCONFIG))
  const result = await runCommand(path.join(installedBin, 'tsc'), ['-p', project], {
    cwd: project,
    timeoutMs: LIMIT_MS,
  })
  check('a strict consumer compiles', failureOf(result) && `\n${tail(result.output)}`)
}

/** Peers whose types stand in ours: importers of those entry points have them. Until here the project does without. */
async function linkPeers() {
  for (const peer of ['prom-client', '@opentelemetry/api']) {
    const link = path.join(project, 'node_modules', peer)
    await mkdir(path.dirname(link), { recursive: true })
    await symlink(path.join(root, 'node_modules', peer), link)
  }
}

/** The file that uses the types of an entry point. @param {string} subpath */
function consumerOf(subpath) {
  return `${subpath === '.' ? 'index' : subpath.slice('./'.length)}.ts`
}

async function checkCommand() {
  const [name] = Object.keys(manifest.bin)
  const file = path.join(project, 'node_modules', '.bin', name ?? '')
  const env = { PATH: await barePath(), HOME: project }
  for (const flag of ['--version', '--help']) {
    const result = await runCommand(process.execPath, [file, flag], { cwd: project, env, timeoutMs: LIMIT_MS })
    const failure = failureOf(result) ?? (result.stdout.trim() === '' ? 'printed nothing' : undefined)
    check(`${name} ${flag}`, failure && `${failure}\n${tail(result.output, 5)}`)
  }
}
