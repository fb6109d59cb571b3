// better-sqlite3 is compiled where its binary cannot be fetched, which takes a minute and more: it is installed here, and is no
// development dependency.
import { readFile } from 'node:fs/promises'
import { Project, must } from './project.mjs'

const PACKAGE = 'better-sqlite3@12'

/** A service of a few lines, whose database registers itself under `--import cache-attribution/auto`. @param {string} load */
const service = (load) => `${load}
const database = new Database(':memory:')
const { Coordinator } = await import('cache-attribution')
console.log(JSON.stringify(Coordinator.default().names))
await Coordinator.default().close()
database.close()
`

/** Also by `require()`, which a CommonJS module does. */
const LOADED = {
  'imported.mjs': "import Database from 'better-sqlite3'",
  'required.mjs':
    "import { createRequire } from 'node:module'\nconst Database = createRequire(import.meta.url)('better-sqlite3')",
}

/** @param {{ parent: string, tarball: string }} context @returns {[string, () => Promise<string>][]} */
export function betterSqlite3Setups({ parent, tarball }) {
  /** @type {Promise<Project> | undefined} */
  let made
  const project = () => (made ??= Project.make(parent, 'better-sqlite3', { tarball, packages: [PACKAGE] }))
  return [
    ['better-sqlite3, its adapter and its native accessors', async () => adapter(await project())],
    ['better-sqlite3 under auto', async () => registersItself(await project())],
  ]
}

/** @param {Project} project */
async function adapter(project) {
  await project.write('app.mjs', await readFile(new URL('better-sqlite3-app.mjs', import.meta.url), 'utf8'))
  const env = { LD_PRELOAD: 'libjemalloc.so.2' }
  const { stdout } = await project.run(process.execPath, ['app.mjs'], { env })
  const held = /^HELD (.*)$/m.exec(stdout)?.[1]
  must(held !== undefined, stdout)
  return held ?? ''
}

/** @param {Project} project */
async function registersItself(project) {
  for (const [file, load] of Object.entries(LOADED)) {
    await project.write(file, service(load))
    const { stdout } = await project.run(process.execPath, ['--import', 'cache-attribution/auto', file])
    const line = load.split('\n').length + 1
    const names = JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
    must(names.length === 1 && names[0] === `${file}:${line} Database`, `${file}: ${names}`)
  }
  return 'registered by the line that opens it, by import and by require()'
}
