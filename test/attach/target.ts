/** Real processes to attach to: started plainly, under load, and ended by their id. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { runCommandLine } from '../helpers/internals/cli.js'

/** How a target is started. */
export interface TargetOptions {
  readonly node?: string
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** In place of the plain server. */
  readonly file?: string
  /** Whether its inspector opens on Node's own choice of a port. @default false: on any port */
  readonly usualPort?: boolean
  /** Behind the file. */
  readonly args?: readonly string[]
  /** A command that starts the rest in its turn, e.g. `unshare`. */
  readonly through?: readonly string[]
}

export const PLAIN_SERVER = fileURLToPath(new URL('fixtures/plain-server.js', import.meta.url))

const NOT_INHERITED = ['NODE_OPTIONS', 'NODE_V8_COVERAGE', 'LD_PRELOAD', 'MALLOC_CONF']

/** One process. */
export class Target {
  readonly child: ChildProcess
  #stdout = ''
  stderr = ''

  private constructor(child: ChildProcess) {
    this.child = child
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
  }

  /** Starts one and waits until it has printed its port. */
  static async start(options: TargetOptions = {}): Promise<Target> {
    const {
      node = process.execPath,
      execArgv = [],
      env = {},
      file = PLAIN_SERVER,
      args = [],
      through = [],
      usualPort,
    } = options
    const program = through[0] ?? node
    const rest = [...through, node].slice(1)
    // Other tests, and other people on this machine, use the usual port.
    const inspectorPort = node === process.execPath && usualPort !== true ? ['--inspect-port=0'] : []
    const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.includes(name))
    const child = spawn(program, [...rest, ...inspectorPort, ...execArgv, ...(file === '' ? [] : [file]), ...args], {
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const target = new Target(child)
    const endMs = performance.now() + 20_000
    while (!/^\d+\n/.test(target.#stdout)) {
      if (child.exitCode !== null || performance.now() > endMs) {
        child.kill('SIGKILL')
        throw new Error(`the target did not start: ${target.stderr}`)
      }
      await delay(10)
    }
    return target
  }

  /** Of Node itself, also where it was started through something else that stays. */
  get pid(): number {
    return this.child.pid ?? 0
  }

  get port(): number {
    return Number.parseInt(this.#stdout, 10)
  }

  async state(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.get('/state')) as Record<string, unknown>
  }

  /** Waits until its state is `before` again: an agent that nobody asks leaves within ten seconds. */
  async isAsBefore(before: Record<string, unknown>): Promise<void> {
    const endMs = performance.now() + 30_000
    const is = async (): Promise<boolean> => JSON.stringify(await this.state()) === JSON.stringify(before)
    while (!(await is()) && performance.now() < endMs) await delay(250)
    expect(await this.state()).to.deep.equal(before)
  }

  get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port: this.port, path, agent: false }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => (body += text))
        response.on('end', () => {
          if (response.statusCode === 200) resolve(body)
          else reject(new Error(`answered ${String(response.statusCode)}`))
        })
        response.on('error', reject)
      }).on('error', reject)
    })
  }

  /** Requests one after the other until the returned function is called, which says how they ended. */
  load(): () => Promise<{ readonly answered: number; readonly failed: number }> {
    const counts = { answered: 0, failed: 0 }
    const state = { isOver: false }
    const loop = (async () => {
      while (!state.isOver) {
        await this.get('/').then(
          () => counts.answered++,
          () => counts.failed++,
        )
        // The processor is for the attach.
        await delay(3)
      }
    })()
    return async () => {
      state.isOver = true
      await loop
      return counts
    }
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exited = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await exited
  }
}

/** Targets that are ended behind each test. */
export function targets(): (options?: TargetOptions) => Promise<Target> {
  const started: Target[] = []
  afterEach(async () => {
    for (const target of started.splice(0)) await target.stop()
  })
  return async (options) => {
    const target = await Target.start(options)
    started.push(target)
    return target
  }
}

/** One command line in this process, and what it wrote. */
export async function command(...args: readonly string[]): Promise<{
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}> {
  const written = { stdout: '', stderr: '' }
  const outcome = await runCommandLine({
    args,
    env: {},
    cwd: process.cwd(),
    stdout: (text) => (written.stdout += text),
    stderr: (text) => (written.stderr += text),
  })
  return { code: 'code' in outcome ? outcome.code : outcome.signal, ...written }
}
