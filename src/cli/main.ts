#!/usr/bin/env node
/** The command's entry: hands the process over to {@link runCommandLine} and ends it as that says. */
import process from 'node:process'
import { runCommandLine } from './command-line.js'
import { endAs } from './end-as.js'

for (const stream of [process.stdout, process.stderr]) {
  // A reader that has seen enough (`… | head -1`) is no failure.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

void runCommandLine({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
}).then(endAs)
