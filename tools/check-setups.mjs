// Checks the package in the set-ups of its users: each installs the packed tarball in a project of its own, builds and runs there, and
// measures a known cache. Needs the registry of npm.
//
//   npm run check:setups                      all; builds and packs first
//   node tools/check-setups.mjs bundlers      one group
//   node tools/check-setups.mjs bundlers --only Parcel,Rspack      those of the set-ups whose names have one of these words in them
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { bundlerSetups, largeBundlerSetups, moreBundlerSetups } from './setups/bundlers.mjs'
import { cacheSetups, olderCacheSetups } from './setups/caches.mjs'
import { databaseSetups } from './setups/databases.mjs'
import { moduleSetups } from './setups/modules.mjs'
import { next15Setups, nextSetups } from './setups/next.mjs'
import { packTarball } from './setups/project.mjs'
import { runnerSetups } from './setups/runners.mjs'
import { typesSetups } from './setups/types.mjs'

/** @typedef {{ parent: string, tarball: string }} Context */

/** @type {Record<string, (context: Context) => Promise<[string, () => Promise<string>][]>>} */
const GROUPS = {
  modules: moduleSetups,
  databases: databaseSetups,
  caches: cacheSetups,
  'older-caches': olderCacheSetups,
  types: typesSetups,
  bundlers: bundlerSetups,
  'large-bundlers': largeBundlerSetups,
  'more-bundlers': moreBundlerSetups,
  runners: runnerSetups,
  next: nextSetups,
  'next-15': next15Setups,
}

const { values, positionals: wanted } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } })
const words = values.only?.split(',') ?? ['']
const unknown = wanted.filter((name) => !Object.hasOwn(GROUPS, name))
if (unknown.length > 0) throw new Error(`no group ${unknown.join(', ')}: ${Object.keys(GROUPS).join(', ')}`)

const parent = await realpath(await mkdtemp(path.join(os.tmpdir(), 'setups-')))
/** @type {[string, string][]} */
const rows = []
let failures = 0
try {
  const tarball = await packTarball(parent)
  for (const [group, setups] of Object.entries(GROUPS)) {
    if (wanted.length > 0 && !wanted.includes(group)) continue
    for (const [name, run] of await setups({ parent, tarball })) {
      if (!words.some((word) => name.includes(word))) continue
      const startedAt = performance.now()
      try {
        rows.push([name, await run()])
        console.log(`ok   ${name} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
      } catch (error) {
        failures++
        rows.push([name, 'FAILED'])
        console.log(`FAIL ${name}: ${/** @type {Error} */ (error).message}`)
      }
    }
  }
} finally {
  await rm(parent, { recursive: true, force: true })
}
console.log(
  `\n| set-up | result |\n| --- | --- |\n${rows.map(([name, result]) => `| ${name} | ${result} |`).join('\n')}`,
)
console.log(`\nset-ups: ${rows.length - failures} hold, ${failures} fail`)
process.exitCode = failures === 0 ? 0 : 1
