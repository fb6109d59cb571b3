// Databases in the process: `fromCache()` refuses the real ones, since emptying them deletes data. Two packages bring thirty more, and
// serve one assertion each, so they are installed here and are no development dependencies.
import { betterSqlite3Setups } from './better-sqlite3.mjs'
import { Project, must } from './project.mjs'

const PACKAGES = ['lmdb@^3.5.6', 'memory-level@^3.1.0']

const REFUSED = `import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { open } from 'lmdb'
import { MemoryLevel } from 'memory-level'
import { fromCache } from 'cache-attribution/adapters'
const refusal = (value) => {
  try {
    fromCache(value)
    return 'it was taken'
  } catch (error) {
    return error.message
  }
}
const folder = mkdtempSync(path.join(os.tmpdir(), 'databases-'))
const database = open({ path: path.join(folder, 'data'), noSync: true })
const level = new MemoryLevel()
console.log(JSON.stringify({ lmdb: refusal(database), level: refusal(level), part: refusal(level.sublevel('users')) }))
await database.close()
await level.close()
rmSync(folder, { recursive: true })
`

/** @param {{ parent: string, tarball: string }} context @returns {Promise<[string, () => Promise<string>][]>} */
export async function databaseSetups(context) {
  const { parent, tarball } = context
  return [
    ...betterSqlite3Setups(context),
    [
      'lmdb and Level, refused by fromCache()',
      async () => {
        const project = await Project.make(parent, 'databases', { tarball, packages: PACKAGES })
        await project.write('refused.mjs', REFUSED)
        const { stdout } = await project.run(process.execPath, ['refused.mjs'])
        const { lmdb, level, part } = JSON.parse(stdout)
        must(/^ERR_ADAPTER_REFUSED: .*clearAsync\(\) deletes the data/.test(lmdb), lmdb)
        must(/^ERR_ADAPTER_REFUSED: Level: clear\(\) deletes the data/.test(level), level)
        must(/^ERR_ADAPTER_REFUSED: Level/.test(part), part)
        return 'ERR_ADAPTER_REFUSED with the reason'
      },
    ],
  ]
}
