/**
 * Runs one tool to its end, and returns what came of it.
 *
 * Rule: no shell, no stdin, a time limit, and never a rejection: a tool that is missing or fails is a result.
 */
import { execFile } from 'node:child_process'
import { messageOf } from '../../support/errors.js'

/** How a tool ended. */
export interface Execution {
  readonly ok: boolean
  readonly stdout: string
  readonly stderr: string
  /** `exit code 100`, `signal SIGSEGV`, `not found`, …; empty when ok. */
  readonly failure: string
}

/** The surroundings of a tool. */
export interface ExecuteOptions {
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

const OUTPUT_BYTES_MAX = 32 * 1024 * 1024

/** Runs `file` with `args` as they are. */
export function execute(file: string, args: readonly string[], options: ExecuteOptions): Promise<Execution> {
  const { env, cwd, timeoutMs, signal } = options
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { env, cwd, signal, timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX, encoding: 'utf8' },
      (error, stdout, stderr) => {
        resolve({ ok: error === null, stdout, stderr, failure: error === null ? '' : failureOf(error, timeoutMs) })
      },
    )
    child.stdin?.end()
  })
}

function failureOf(error: Error, timeoutMs: number): string {
  const { code, signal, killed } = error as { code?: unknown; signal?: unknown; killed?: unknown }
  if (error.name === 'AbortError') return 'aborted'
  if (code === 'ENOENT') return 'not found'
  if (code === 'EACCES') return 'not executable'
  if (killed === true) return `no end within ${String(timeoutMs / 1000)} s`
  if (typeof signal === 'string') return `signal ${signal}`
  return typeof code === 'number' ? `exit code ${String(code)}` : messageOf(error)
}
