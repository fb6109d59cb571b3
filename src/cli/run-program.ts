/**
 * The program that `run` starts: same terminal, same signals, same end.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import type { Outcome } from './command.js'

/** Signals that are passed on to the program. */
const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGHUP',
  // Node starts its inspector on this one, and the program is what one wants to inspect.
  'SIGUSR1',
  'SIGUSR2',
]

/** Those that a terminal sends to all processes in its foreground. */
const FROM_TERMINAL: ReadonlySet<NodeJS.Signals> = new Set<NodeJS.Signals>(['SIGINT', 'SIGQUIT'])

/**
 * Takes the signals of this process for the program's while `body` runs.
 *
 * `body` gets a signal that is aborted when one of them arrives before there is a program, and a function that names
 * the program once it has started.
 */
export async function withForwarding(
  body: (early: AbortSignal, started: (child: ChildProcess) => void) => Promise<Outcome>,
): Promise<Outcome> {
  const early = new AbortController()
  let program: ChildProcess | undefined
  let received: NodeJS.Signals | undefined
  const forward = (signal: NodeJS.Signals): void => {
    if (program !== undefined) {
      if (!(FROM_TERMINAL.has(signal) && inTerminalForeground())) program.kill(signal)
    } else {
      received ??= signal
      early.abort(new Error(`${signal} before the program was started`))
    }
  }
  for (const signal of FORWARDED) process.on(signal, forward)
  try {
    return await body(early.signal, (child) => (program = child))
  } catch (error) {
    if (received !== undefined) return { signal: received }
    throw error
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward)
  }
}

/**
 * Starts `file` with `args` as they are, in `env`, on this process's own streams, and waits for its end.
 *
 * @throws CacheAttributionError `ERR_COMMAND_START`
 */
export function runProgram(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  started: (child: ChildProcess) => void,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(new CacheAttributionError('ERR_COMMAND_START', `${file} could not be started: ${messageOf(error)}`))
    }
    try {
      const child = spawn(file, args, { env, stdio: 'inherit' })
      child.once('error', fail)
      child.once('exit', (code, signal) => {
        resolve(signal === null ? { code: code ?? 1 } : { signal })
      })
      if (child.pid !== undefined) started(child)
    } catch (error) {
      fail(error)
    }
  })
}

/** Whether a Ctrl-C reaches the program from the terminal anyway: a second one from here would count as impatience. */
function inTerminalForeground(): boolean {
  try {
    return isTerminalForeground(readFileSync('/proc/self/stat', 'utf8'))
  } catch {
    return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  }
}

/** Reads /proc/self/stat: this process's group is the foreground group of its terminal. Pure. */
export function isTerminalForeground(stat: string): boolean {
  // The second field, in brackets, may hold anything: pgrp, session, tty_nr, tpgid are 5th to 8th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [group, terminal, foreground] = [fields[2], fields[4], fields[5]]
  return terminal !== undefined && terminal !== '0' && group === foreground
}
