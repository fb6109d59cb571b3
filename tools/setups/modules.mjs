// Module systems: `import`, `require()`, both in one process, and two copies of the package.
import { cp } from 'node:fs/promises'
import path from 'node:path'
import { Project, expectMeasured, must } from './project.mjs'

/** Both kinds load one implementation: classes, the shared coordinator and locks are the same. */
const BOTH = `import { createRequire } from 'node:module'
import * as imported from 'cache-attribution'
import * as twin from 'cache-attribution/twin'
const require = createRequire(import.meta.url)
const required = require('cache-attribution')
const manifest = require('cache-attribution/package.json')
// Node gives what it took from CommonJS as a whole, too.
const same = Object.keys(imported).filter((name) => name !== 'default' && name !== 'module.exports').every((name) => imported[name] === required[name])
const coordinator = required.Coordinator.default()
const shared = imported.Coordinator.default() === coordinator
for (const subpath of Object.keys(manifest.exports)) {
  if (subpath === './auto' || subpath.endsWith('.json')) continue
  const name = 'cache-attribution' + subpath.slice(1)
  const [one, other] = [await import(name), require(name)]
  const names = (module) => Object.keys(module).filter((key) => key !== '__esModule' && key !== 'default' && key !== 'module.exports').sort()
  if (JSON.stringify(names(one)) !== JSON.stringify(names(other))) throw new Error(name + ' differs: ' + names(one) + ' / ' + names(other))
}
console.log(JSON.stringify({ same, shared, names: Object.keys(imported).length, twin: twin.discover === require('cache-attribution/twin').discover }))
`

/** Two installed copies share the default coordinator and the lock of a run. */
const COPIES = `import { createRequire } from 'node:module'
import { Coordinator } from 'cache-attribution'
const other = createRequire(import.meta.url)(process.argv[2])
const shared = Coordinator.default() === other.Coordinator.default()
const mine = new Coordinator({ mode: 'release' })
const theirs = new other.Coordinator({ mode: 'release' })
const first = mine.attribute()
const second = await theirs.attribute().then(() => 'it ran', (error) => error.code)
await first
console.log(JSON.stringify({ shared, distinct: Coordinator !== other.Coordinator, second }))
`

/** An update writes over the package of a process that has imported it. Files with other code end in `-1.cjs` and so on. */
const REPLACED = `import { readdirSync, rmSync } from 'node:fs'
import { Coordinator } from 'cache-attribution'
const lib = new URL('./replaced/node_modules/cache-attribution/dist/lib/', import.meta.url)
const other = await import(new URL('index.cjs', lib))
for (const name of readdirSync(lib)) if (/-\\d\\.cjs$/.test(name)) rmSync(new URL(name, lib))
const run = async (coordinator) => typeof (await coordinator().attribute({ mode: 'release' })).durationMs
const code = await run(() => new other.Coordinator()).catch((error) => error.code)
console.log(JSON.stringify({ code, whole: await run(() => new Coordinator()) }))
`

/** @param {{ parent: string, tarball: string }} context @returns {Promise<[string, () => Promise<string>][]>} */
export async function moduleSetups({ parent, tarball }) {
  /** @type {Promise<Project> | undefined} */
  let made
  const project = () => (made ??= Project.make(parent, 'modules', { tarball }))
  return [
    ['Node, import', async () => measureAs(await project(), 'app.mjs', false)],
    ['Node, require()', async () => measureAs(await project(), 'app.cjs', true)],
    ['import and require() in one process', async () => both(await project())],
    ['two copies in one process', async () => copies(await project())],
    ['its files are removed while it runs', async () => replaced(await project())],
  ]
}

/** @param {Project} project @param {string} name @param {boolean} isCommonJs */
async function measureAs(project, name, isCommonJs) {
  await project.writeApp(name, { isCommonJs })
  return expectMeasured(await project.measure([name]))
}

/** @param {Project} project */
async function both(project) {
  await project.write('both.mjs', BOTH)
  const { stdout } = await project.run(process.execPath, ['both.mjs'])
  const { same, shared, twin, names } = JSON.parse(stdout)
  must(same && shared && twin && names > 10, stdout)
  return 'the same classes, functions and default coordinator'
}

/** @param {Project} project */
async function copies(project) {
  const other = path.join(project.folder, 'copy', 'node_modules')
  await cp(path.join(project.folder, 'node_modules'), other, { recursive: true })
  await project.write('copies.mjs', COPIES)
  const { stdout } = await project.run(process.execPath, ['copies.mjs', path.join(other, 'cache-attribution')])
  const { shared, distinct, second } = JSON.parse(stdout)
  must(shared && distinct && second === 'ERR_RUN_IN_PROGRESS', stdout)
  return 'one default coordinator, one run at a time'
}

/** @param {Project} project */
async function replaced(project) {
  const other = path.join(project.folder, 'replaced', 'node_modules')
  await cp(path.join(project.folder, 'node_modules'), other, { recursive: true })
  await project.write('replaced.mjs', REPLACED)
  const { stdout } = await project.run(process.execPath, ['replaced.mjs'])
  const { code, whole } = JSON.parse(stdout)
  must(code === 'ERR_PACKAGE_REPLACED' && whole === 'number', stdout)
  return 'ERR_PACKAGE_REPLACED'
}
