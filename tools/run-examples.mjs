// Runs every example as a reader would, each under the `run` command of this package, then `npm start` with a profile. Each checks
// itself, so exit code 0 is the whole verdict.
//
//   node tools/run-examples.mjs [<part of a name> …]     all, or those whose name holds one of the words
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { failureOf, runCommand, seconds, tail } from './run-command.mjs'

const LIMIT_MS = 120_000
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = path.join('dist', 'examples')
const words = process.argv.slice(2)

const files = readdirSync(path.join(root, folder))
  .filter((name) => /^\d.*\.js$/.test(name))
  .sort()
const runs = files.map((name) => ({
  name: path.posix.join('examples', name.replace(/\.js$/, '.ts')),
  command: process.execPath,
  args: [path.join('dist', 'src', 'cli', 'main.js'), 'run', path.join(folder, name)],
}))
if (existsSync(path.join(root, folder, 'service', 'start.js'))) {
  runs.push({ name: 'npm start -- --profile', command: 'npm', args: ['start', '--', '--profile'] })
}
const chosen = words.length === 0 ? runs : runs.filter(({ name }) => words.some((word) => name.includes(word)))

let failed = 0
for (const { name, command, args } of chosen) {
  const result = await runCommand(command, args, { cwd: root, timeoutMs: LIMIT_MS })
  const failure = failureOf(result)
  console.log(`${failure === undefined ? 'ok  ' : 'FAIL'} ${name} (${seconds(result.durationMs)})`)
  if (failure === undefined) continue
  failed++
  console.log(`  ${failure}; its last words:\n${tail(result.output)}`)
}
console.log(`${chosen.length - failed} of ${chosen.length} examples ran to a good end`)
// No example at all is a mistake of the build or of the words, and no success.
process.exitCode = failed === 0 && chosen.length > 0 ? 0 : 1
