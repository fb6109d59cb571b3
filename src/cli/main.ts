#!/usr/bin/env node
/** The command's entry: hands the process over to {@link runCommandLine} and ends it as that says. */
import process from 'node:process'
import { runCommandLine } from './command-line.js'
import { endAs } from './end-as.js'

// A reader that has seen enough (`… | head -1`) is no failure.
const ignoreClosedPipe = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE') throw error
}
process.stderr.on('error', ignoreClosedPipe)
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  ignoreClosedPipe(error)
  // Without anything that has to be undone first, a command that goes on printing ends here.
  if (process.stdout.listenerCount('error') === 1) process.exit()
})

void runCommandLine({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
}).then(endAs)
