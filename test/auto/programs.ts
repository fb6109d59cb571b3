/** Programs that are started with `auto`, as a service would be. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { findAdminSocket } from '../helpers/internals/support.js'
import { AUTO_FILE } from '../helpers/internals/module-files.js'

/** The entry, as `--import` takes it. */
export const AUTO = AUTO_FILE.href

/** Variables that would make a process of these tests what it is not. */
const NOT_INHERITED = ['NODE_OPTIONS', 'LD_PRELOAD', 'MALLOC_CONF', 'CACHE_ATTRIBUTION_AUTO_PID', 'NODE_V8_COVERAGE']

/** A program that runs. */
export interface Program {
  readonly child: ChildProcess
  readonly pid: number
  readonly stdout: () => string
  readonly stderr: () => string
  /** Resolves when this stands in the output. */
  prints(text: string | RegExp, timeoutMs?: number): Promise<void>
  /** Its exit code, or its signal. */
  readonly ended: Promise<number | NodeJS.Signals>
  stop(): Promise<void>
}

/** Starts `node …args`. */
export function startNode(
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string; readonly command?: string } = {},
): Program {
  const env = { ...process.env, ...options.env }
  for (const name of NOT_INHERITED) if (options.env?.[name] === undefined) Reflect.deleteProperty(env, name)
  const child = spawn(options.command ?? process.execPath, args, {
    env,
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const out = { stdout: '', stderr: '' }
  child.stdout.on('data', (data: Buffer) => (out.stdout += data.toString()))
  child.stderr.on('data', (data: Buffer) => (out.stderr += data.toString()))
  const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | NodeJS.Signals)
  return {
    child,
    pid: child.pid ?? 0,
    stdout: () => out.stdout,
    stderr: () => out.stderr,
    prints: async (text, timeoutMs = 20_000) => {
      const isThere = (): boolean =>
        [out.stdout, out.stderr].some((all) => (typeof text === 'string' ? all.includes(text) : text.test(all)))
      const until = performance.now() + timeoutMs
      while (!isThere()) {
        if (performance.now() > until || child.exitCode !== null) {
          await delay(100)
          if (isThere()) return
          throw new Error(`it never said ${String(text)}, but: ${out.stdout}\n${out.stderr}`)
        }
        await delay(20)
      }
    },
    ended,
    stop: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** The socket of a process, once it is there. */
export async function socketOf(pid: number, timeoutMs = 20_000): Promise<string> {
  const until = performance.now() + timeoutMs
  for (;;) {
    const found = await findAdminSocket(pid)
    if (found !== null) return found
    if (performance.now() > until) throw new Error(`process ${String(pid)} has no admin socket`)
    await delay(20)
  }
}

/** An answer of the admin endpoint. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** Asks over a unix socket, or a port. */
export function ask(
  where: { readonly socketPath: string } | { readonly host: string; readonly port: number },
  path: string,
  options: {
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
  } = {},
): Promise<Answer> {
  const { method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        ...where,
        method,
        path: `/debug/memory/${path}`,
        headers: { host: 'localhost', accept: 'application/json', ...headers },
        agent: false,
      },
      (response) => {
        let text = ''
        response.on('data', (data: Buffer) => (text += data.toString()))
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: text })
        })
      },
    )
    request.once('error', reject)
    request.end(body)
  })
}
