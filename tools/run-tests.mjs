// Runs the tests with mocha; where CI is set, under c8 with the bounds of .c8rc.json, so that a CI run takes them once.
//
//   node tools/run-tests.mjs [options of mocha]      `npm test` compiles first
import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../node_modules/.bin', import.meta.url))
const mocha = [path.join(bin, 'mocha'), ...process.argv.slice(2)]
const isCoverageTaken = (process.env['CI'] ?? '') !== '' && process.env['CI'] !== 'false'
const [command = '', ...args] = isCoverageTaken ? [path.join(bin, 'c8'), ...mocha] : mocha

const child = spawn(command, args, { stdio: 'inherit' })
child.once('error', (error) => {
  console.error(`${path.basename(command)} could not be started: ${error.message}`)
  process.exitCode = 1
})
// A terminal sends Ctrl-C to both; what is sent to this process alone is passed on.
process.on('SIGINT', () => child.kill('SIGINT'))
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.once('exit', (code) => {
  process.exitCode = code ?? 1
})
