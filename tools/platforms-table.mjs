// The table of platforms in README.md, made of what tools/try-platforms.mjs wrote down (tools/platforms/results.json).
//
//   node tools/platforms-table.mjs            fails where README.md has another table
//   node tools/platforms-table.mjs --write    puts it there
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'

const root = fileURLToPath(new URL('..', import.meta.url))
const README = path.join(root, 'README.md')
const HEADER = '| platform | figures of the allocator | twin, `discover()` | profile of JavaScript | page | tried |'

/** @typedef {{ allocator: string, exitCode: number, node?: string, figures?: string, twin?: unknown, discover?: unknown, profile?: unknown, page?: unknown }} Run */

/** Columns are the names of results.json; what was built and never run has none. */
const PLATFORMS = [
  { name: 'Linux x64, glibc ≥ 2.33', systems: ['linux-x64'] },
  { name: 'Linux x64, glibc 2.17 … 2.32', systems: ['linux-x64-glibc2.31'] },
  { name: 'Linux arm64, glibc', systems: ['linux-arm64-4k', 'linux-arm64-16k', 'linux-arm64-64k'] },
  {
    name: 'Linux x64 and arm64, musl',
    systems: [],
    instead: ['jemalloc (by its code)', 'refused', '?', '?', 'built, never run'],
  },
  { name: 'macOS arm64 and x64', systems: [], instead: ['?', 'refused', '?', '?', 'built, never run'] },
]

/** @type {Record<string, Run[]>} */
const results = JSON.parse(readFileSync(path.join(root, 'tools', 'platforms', 'results.json'), 'utf8'))
const rows = PLATFORMS.map(({ name, systems, instead }) => [name, ...cellsOf(systems, instead)])
const lines = [HEADER, HEADER.replace(/[^|]+/g, ' --- '), ...rows.map((cells) => `| ${cells.join(' | ')} |`)]
const table = await format(lines.join('\n'), { ...(await resolveConfig(README)), parser: 'markdown' })

const before = readFileSync(README, 'utf8')
const after = before.replace(/^\| platform +\|.*\n(?:\|.*\n)+/m, table)
if (!/^\| platform +\|/m.test(before)) throw new Error('README.md has no table of platforms')
if (process.argv.includes('--write')) writeFileSync(README, after)
else if (after !== before) {
  console.error('README.md has another table of platforms: node tools/platforms-table.mjs --write')
  process.exitCode = 1
}

/** @param {readonly string[]} systems @param {readonly string[] | undefined} instead */
function cellsOf(systems, instead) {
  const tried = systems.filter((system) => Object.hasOwn(results, system))
  const runs = tried.flatMap((system) => results[system] ?? [])
  if (runs.length === 0) return instead ?? ['?', '?', '?', '?', 'not by the released build']
  const allocators = [
    ...new Set(runs.filter(({ figures }) => figures !== 'unavailable').map(({ allocator }) => allocator)),
  ]
  // Without figures of the allocator no row can hold them, and no twin is judged by it.
  const measured = runs.filter(({ figures }) => figures !== 'unavailable')
  const every = (/** @type {(run: Run) => boolean} */ holds, /** @type {readonly Run[]} */ of) =>
    of.every(holds) ? 'yes' : 'no'
  const nodes = [...new Set(runs.map(({ node = '' }) => node.replace(/^v(\d+).*/, '$1')))].sort().join(', ')
  return [
    allocators.sort().join(', '),
    every(({ twin, discover }) => twin === true && discover === true, measured),
    every(({ profile }) => profile === true, runs),
    every(({ page }) => page === true, runs),
    `${tried.join(', ')}: Node ${nodes}`,
  ]
}
