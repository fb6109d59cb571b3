// Test runners and single executables: what runs the package in a way of its own.
import { execFileSync } from 'node:child_process'
import { chmod, copyFile } from 'node:fs/promises'
import path from 'node:path'
import { Project, answerOf, expectMeasured, must } from './project.mjs'

/** @typedef {{ parent: string, tarball: string }} Context */

/** A suite that measures the known cache, in the syntax of both runners. @param {string} imports */
const suite = (imports) => `${imports}
test('a cache is measured', async () => {
  const cache = new Map()
  for (let key = 0; key < 5000; key++) cache.set(key, Buffer.allocUnsafeSlow(5000).fill(1))
  const coordinator = new Coordinator()
  coordinator.register('known', { release: () => cache.clear(), entries: () => cache.size })
  for (const mode of ['twin', 'release']) {
    const { caches, warnings } = await coordinator.attribute({ mode })
    expect(warnings).toEqual([])
    expect(caches[0].released.totalBytes).toBeGreaterThan(25_000_000)
    expect(caches[0].released.totalBytes).toBeLessThan(28_000_000)
  }
  const registry = collectMetrics(coordinator)
  expect(registry).toBeInstanceOf(prom.Registry)
  expect(await registry.metrics()).toContain('cache_attribution')
  coordinator.close()
}, 60_000)

test('a leak fails the test, and garbage does not', async () => {
  const kept = []
  const leak = () => kept.push(Buffer.alloc(5000))
  await expect(expectRetained(leak).toBeBelow('1 KiB')).rejects.toThrow(/ERR_RETAINED_ABOVE: each call leaves [45]\\.\\d+ KiB/)
  await expectRetained(() => JSON.parse('[1, 2, 3]')).toBeBelow('2 KiB')
}, 120_000)
`

/** @param {Context} context @returns {Promise<[string, () => Promise<string>][]>} */
export async function runnerSetups(context) {
  return [
    ['Jest 30, CommonJS', () => jest(context)],
    ['Vitest 4', () => vitest(context)],
    ...[process.execPath, ...otherNodes()].map(
      (node) =>
        /** @type {[string, () => Promise<string>]} */ ([
          `single executable (SEA), Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()}`,
          () => singleExecutable(context, node),
        ]),
    ),
    ["Yarn 4, Plug'n'Play", () => plugAndPlay(context)],
  ]
}

/** @param {Context} context */
async function jest({ parent, tarball }) {
  const project = await Project.make(parent, 'jest', { tarball, packages: ['jest@30', 'prom-client@15'] })
  const imports = `const { Coordinator } = require('cache-attribution')
const { collectMetrics } = require('cache-attribution/metrics')
const { expectRetained } = require('cache-attribution/testing')
const prom = require('prom-client')`
  // Two files: each has its own registry of modules in one process.
  await project.write('one.test.js', suite(imports))
  await project.write('two.test.js', suite(imports))
  const { output } = await project.run('jest', ['--runInBand', '--ci'])
  must(/Tests: +4 passed, 4 total/.test(output), output)
  return 'two suites in one process pass, twin and release right, a leak is found'
}

/** @param {Context} context */
async function vitest({ parent, tarball }) {
  const project = await Project.make(parent, 'vitest', { tarball, packages: ['vitest@4', 'prom-client@15'] })
  const imports = `import { expect, test } from 'vitest'
import { Coordinator } from 'cache-attribution'
import { collectMetrics } from 'cache-attribution/metrics'
import { expectRetained } from 'cache-attribution/testing'
import prom from 'prom-client'`
  await project.write('one.test.mjs', suite(imports))
  const { output } = await project.run('vitest', ['run', '--pool=forks'])
  must(/Tests .*2 passed/.test(output), output)
  return 'a suite passes, twin and release right, a leak is found'
}

/** Programs of other majors, from `OTHER_NODES`. */
function otherNodes() {
  return (process.env['OTHER_NODES'] ?? '').split(':').filter((node) => node !== '')
}

/** @param {Context} context @param {string} node */
async function singleExecutable({ parent, tarball }, node) {
  const name = `sea-${path.basename(path.resolve(node, '../../../..'))}`
  const project = await Project.make(parent, name, { tarball, packages: ['esbuild@0.28', 'postject@1.0.0-alpha.6'] })
  await project.writeApp('entry.cjs', { first: "import 'cache-attribution/bundled'\n", isCommonJs: true })
  await project.run('esbuild', [
    'entry.cjs',
    '--bundle',
    '--platform=node',
    '--outfile=bundle.cjs',
    '--log-level=warning',
  ])
  await project.write(
    'sea.json',
    JSON.stringify({ main: 'bundle.cjs', output: 'sea.blob', disableExperimentalSEAWarning: true }),
  )
  await project.run(node, ['--experimental-sea-config', 'sea.json'])
  const program = path.join(project.folder, 'program')
  await copyFile(node, program)
  await chmod(program, 0o755)
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
  await project.run('postject', ['program', 'NODE_SEA_BLOB', 'sea.blob', '--sentinel-fuse', fuse])
  const { folder, remove } = await project.away('program')
  try {
    const result = await project.run(path.join(folder, 'program'), [], { cwd: folder, mayFail: true })
    return `alone with cache-attribution/bundled ${expectMeasured(answerOf(result))}`
  } finally {
    await remove()
  }
}

/** There is no node_modules: packages are read out of archives, and the addon out of a folder that Yarn unpacks. @param {Context} context */
async function plugAndPlay({ parent, tarball }) {
  const project = await Project.make(parent, 'pnp', { packages: ['@yarnpkg/cli-dist@4'] })
  const yarn = path.join(project.folder, 'node_modules', '@yarnpkg', 'cli-dist', 'bin', 'yarn.js')
  const { stdout: registry } = await project.run('npm', ['config', 'get', 'registry'])
  const env = {
    YARN_NPM_REGISTRY_SERVER: registry.trim(),
    YARN_NODE_LINKER: 'pnp',
    YARN_ENABLE_TELEMETRY: '0',
    YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
    YARN_UNSAFE_HTTP_WHITELIST: '*',
  }
  await project.write(
    'app/package.json',
    JSON.stringify({ name: 'app', private: true, dependencies: { 'cache-attribution': `file:${tarball}` } }),
  )
  await project.write('app/yarn.lock', '')
  await project.writeApp('app/app.mjs')
  await project.writeApp('app/app.cjs', { isCommonJs: true })
  const cwd = path.join(project.folder, 'app')
  const yarnRun = (/** @type {string[]} */ ...args) =>
    project.run(process.execPath, [yarn, ...args], { cwd, env, mayFail: true })
  const installed = await yarnRun('install')
  must(!/YN0\d+.*error|failed/i.test(installed.output) || installed.output.includes('Done'), installed.output)
  const imported = expectMeasured(answerOf(await yarnRun('node', 'app.mjs')))
  expectMeasured(answerOf(await yarnRun('node', 'app.cjs')))
  const { output } = await yarnRun('cache-attribution', 'doctor')
  must(/Ready/.test(output), output)
  return `import and require() ${imported}; doctor is ready`
}
