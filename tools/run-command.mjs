// Runs one command with a time limit, alone in its process group, so that what it started ends with it.
import { spawn } from 'node:child_process'

/**
 * @typedef {object} CommandResult
 * @property {number | null} code exit code; null when a signal ended it
 * @property {boolean} timedOut
 * @property {string} output stdout and stderr, as they came
 * @property {string} stdout
 * @property {number} durationMs
 */

/**
 * Never rejects for what the command does; a command that cannot be started gives code 127.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs: number }} options
 * @returns {Promise<CommandResult>}
 */
export function runCommand(command, args, { cwd, env, timeoutMs }) {
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let stdout = ''
    let timedOut = false
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text))
    const killGroup = () => {
      try {
        process.kill(-(child.pid ?? NaN), 'SIGKILL')
      } catch {
        // The whole group has ended already.
      }
    }
    const timer = setTimeout(() => {
      timedOut = true
      killGroup()
    }, timeoutMs)
    child.once('error', (error) => {
      clearTimeout(timer)
      output += error.message
      resolve({ code: 127, timedOut, output, stdout, durationMs: performance.now() - startedAt })
    })
    // A background process left behind would hold the pipes open: it goes as soon as the command itself is done.
    child.once('exit', killGroup)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code, timedOut, output, stdout, durationMs: performance.now() - startedAt })
    })
  })
}

/** Why a result is a failure, in a few words; undefined where it is none. @param {CommandResult} result */
export function failureOf(result) {
  if (result.timedOut) return `did not end within ${seconds(result.durationMs)}`
  return result.code === 0 ? undefined : `ended with ${result.code === null ? 'a signal' : `exit code ${result.code}`}`
}

/** @param {number} ms */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}

/** The last lines of an output, indented, for a failure's report. @param {string} output @param {number} lines */
export function tail(output, lines = 30) {
  return output
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n')
}
