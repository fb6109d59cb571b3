/**
 * Fixtures in a process of their own: which allocator serves a process is settled when it starts, so whatever depends
 * on it runs in a child, and the test judges what comes back.
 *
 * A fixture is a module under test/ whose default export takes the `args` and returns (a promise of) its result. The
 * child ends by itself when nothing is left to do: a fixture that leaves a handle behind runs into the timeout.
 */
import { spawn, spawnSync } from 'node:child_process'
import { buffer, text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import v8 from 'node:v8'
import type { Readable } from 'node:stream'

/** The default export of a fixture. */
export type Fixture<T> = (...args: string[]) => T | Promise<T>

/** How a fixture is run. */
export interface FixtureOptions {
  /**
   * The value of LD_PRELOAD: Debian's jemalloc by its soname, nothing (plain glibc), or these libraries in this order.
   * @default 'none'
   */
  readonly preload?: 'jemalloc' | 'none' | readonly string[]
  /** Variables on top of this process's; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Strings for the fixture's function. */
  readonly args?: readonly string[]
  /** Options of node itself, e.g. `--expose-gc`. */
  readonly execArgv?: readonly string[]
  /** @default 25000 */
  readonly timeoutMs?: number
  /** A command that starts the rest of its arguments in its turn, e.g. `unshare`. */
  readonly through?: readonly string[]
  /** Another binary of Node. @default this one */
  readonly node?: string
  /** The module to import in place of the fixture's own place under dist/test/. */
  readonly file?: string
}

/** The name by which the dynamic linker finds jemalloc on Debian and Ubuntu, without a path. */
export const JEMALLOC = 'libjemalloc.so.2'

/** Where the result is written, as `v8.serialize` puts it. Shared with run-fixture.ts. */
export const RESULT_FD = 3

/** Variables that would change the allocator or the engine behind a test's back. */
const NOT_INHERITED = [
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'MALLOC_CONF',
  'MALLOC_ARENA_MAX',
  'GLIBC_TUNABLES',
  'NODE_OPTIONS',
]

/**
 * Runs `test/<fixture>.ts` in a child process and gives what its default export returned, as a structured clone: NaN,
 * undefined, bigint and typed arrays arrive as they are.
 *
 * Rejects with what the child wrote to stderr when the fixture throws, the process dies, or it does not end in time.
 *
 * @param fixture path below test/ without ending, e.g. `coordinator/fixtures/late-free`
 * @example
 * const { rows } = await runFixture<Result>('coordinator/fixtures/three-caches', { preload: 'jemalloc', args: ['64'] })
 */
export async function runFixture<T>(fixture: string, options: FixtureOptions = {}): Promise<T> {
  const { execArgv = [], args = [], timeoutMs = 25_000 } = options
  const runner = fileURLToPath(new URL('run-fixture.js', import.meta.url))
  const file = options.file ?? fileURLToPath(new URL(`../${fixture}.js`, import.meta.url))
  const [command, ...rest] = [...(options.through ?? []), options.node ?? process.execPath]
  const child = spawn(command, [...rest, ...execArgv, runner, file, ...args], {
    env: childEnvironment(options),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  const pipe = (descriptor: number): Readable => child.stdio[descriptor] as Readable
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      resolve(
        code === 0 ? '' : signal === 'SIGKILL' ? `did not end in ${timeoutMs} ms` : `ended with ${signal ?? code}`,
      )
    })
  })
  const [failure, result, stdout, stderr] = await Promise.all([
    ended,
    buffer(pipe(RESULT_FD)),
    text(pipe(1)),
    text(pipe(2)),
  ])
  if (failure !== '' || result.length === 0) {
    throw new Error(`the fixture ${fixture} ${failure === '' ? 'gave no result' : failure}:\n${stdout}${stderr}`)
  }
  return v8.deserialize(result) as T
}

/**
 * Skips the tests of a `before` hook where jemalloc cannot be preloaded; under CI that is a failure.
 *
 * @example
 * before(function () { needsJemalloc(this) })
 */
export function needsJemalloc(context: Mocha.Context): void {
  missing ??= whyNoJemalloc()
  if (missing !== '') skipOrFail(context, missing)
}

/** Skips with a reason that is shown; under CI what is missing is a failure. */
export function skipOrFail(context: Mocha.Context, reason: string): never {
  if ((process.env['CI'] ?? '') !== '') throw new Error(`${reason} (this is a failure, since CI is set)`)
  console.log(`      skipped: ${reason}`)
  return context.skip()
}

let missing: string | undefined

function whyNoJemalloc(): string {
  if (process.platform !== 'linux') return 'the tests preload jemalloc on Linux only'
  const env = { ...process.env, LD_PRELOAD: JEMALLOC }
  const { stdout, error } = spawnSync('cat', ['/proc/self/maps'], { env, encoding: 'utf8' })
  if (error !== undefined) return `it cannot be told whether jemalloc is there: ${error.message}`
  return stdout.includes('libjemalloc') ? '' : `${JEMALLOC} cannot be preloaded (Debian, Ubuntu: libjemalloc2)`
}

function childEnvironment({ preload = 'none', env = {} }: FixtureOptions): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.includes(name))
  const libraries = preload === 'jemalloc' ? [JEMALLOC] : preload === 'none' ? [] : preload
  return {
    ...Object.fromEntries(inherited),
    ...(libraries.length === 0 ? {} : { LD_PRELOAD: libraries.join(':') }),
    ...env,
  }
}
