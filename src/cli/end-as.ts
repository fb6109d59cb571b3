/**
 * Ends this process the way another one ended, so that its parent sees no difference.
 */
import os from 'node:os'
import process from 'node:process'
import type { Outcome } from './command.js'

/** Signals whose default action ends a process quietly. Others dump core, are ignored by Node, or start its inspector. */
const RAISED: ReadonlySet<NodeJS.Signals> = new Set<NodeJS.Signals>([
  'SIGHUP',
  'SIGINT',
  'SIGKILL',
  'SIGTERM',
  'SIGUSR2',
])

/** How long a raised signal may take to end the process; process 1 of a container survives it, by the kernel's rule. */
const RAISE_TIMEOUT_MS = 200

/** 128 + n, as shells show a death by signal n. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + ((os.constants.signals[signal] as number | undefined) ?? 0)
}

/** Ends this process with the code, or by the signal, of `outcome`. */
export function endAs(outcome: Outcome): void {
  if ('code' in outcome) {
    // Not process.exit(): what was printed may still be on its way into a pipe.
    process.exitCode = outcome.code
    return
  }
  const { signal } = outcome
  process.exitCode = signalExitCode(signal)
  if (!RAISED.has(signal) || process.platform === 'win32') return
  // A core dump of this process would mislead: only quiet signals are raised. The timer keeps the process until then.
  process.kill(process.pid, signal)
  setTimeout(() => process.exit(), RAISE_TIMEOUT_MS)
}
