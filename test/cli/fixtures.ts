/** The common parts of the tests of the command: temporary folders, real processes, hosts of one's choice. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCommandLine } from '../helpers/internals/cli.js'
import { thisHost, findJemalloc } from '../helpers/internals/cli-jemalloc.js'
import type { Host, FindJemallocOptions, FoundJemalloc, MissingJemalloc } from '../helpers/internals/cli-jemalloc.js'
import { COMMAND_FILE } from '../helpers/internals/module-files.js'

export const MAIN = fileURLToPath(COMMAND_FILE)

/** A temporary folder that is removed after the test. */
export function temporaryFolders(): () => string {
  const folders: string[] = []
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  })
  return () => {
    const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), 'cli-test-'))
    folders.push(folder)
    return folder
  }
}

/** The environment of the tests without what would steer the command. */
export function plainEnvironment(changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const env = { ...process.env }
  for (const name of ['LD_PRELOAD', 'CACHE_ATTRIBUTION_JEMALLOC', 'NODE_OPTIONS', 'APT_CONFIG', 'XDG_CACHE_HOME']) {
    Reflect.deleteProperty(env, name)
  }
  return { ...env, ...changes }
}

/** This machine, without any libjemalloc of the system. */
export function bareHost(changes: Partial<Host> = {}): Host {
  return { ...thisHost(), mappedJemalloc: null, ldconfigPaths: [], libraryFolders: [], sonames: [], ...changes }
}

/** Looks on a machine without any libjemalloc, unless `changes` say otherwise. */
export function findBare(changes: Partial<FindJemallocOptions> = {}): Promise<FoundJemalloc | MissingJemalloc> {
  const env = plainEnvironment({ HOME: '/nonexistent', ...changes.env })
  return findJemalloc({
    fetch: false,
    cwd: '/',
    log: () => {},
    host: bareHost({ osRelease: 'ID=alpine' }),
    ...changes,
    env,
  })
}

let systemLibrary: Promise<string | null> | undefined

/** The absolute path of the system's libjemalloc; skips the test where there is none, but fails it in CI. */
export async function requireJemalloc(context: Mocha.Context): Promise<string> {
  systemLibrary ??= findJemalloc({
    fetch: false,
    env: plainEnvironment(),
    cwd: os.tmpdir(),
    log: () => {},
    host: { ...thisHost(), sonames: [] },
  }).then((found) => found.path)
  const library = await systemLibrary
  if (library !== null) return realpathSync(library)
  if (process.env['CI'] === 'true') throw new Error('CI needs libjemalloc2 installed')
  context.skip()
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when stdout holds `text`. */
  shows(text: string): Promise<void>
}

/** Starts the command in a session of its own, as a service manager does: no terminal, no shared signals. */
export function startCommand(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: options.env ?? plainEnvironment(),
    cwd: options.cwd ?? os.tmpdir(),
    detached: true,
  })
  let stdout = ''
  let stderr = ''
  child.stdin.end()
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  const shows = async (text: string): Promise<void> => {
    while (!stdout.includes(text)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended without "${text}": ${stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  return { child, ended, shows }
}

/** Runs the command to its end. */
export function command(args: readonly string[], options?: { env?: NodeJS.ProcessEnv; cwd?: string }): Promise<Ended> {
  return startCommand(args, options).ended
}

/** The same in this process, which spares the start of another: for what does not read this process's own streams and signals. */
export async function commandHere(
  args: readonly string[],
  env: NodeJS.ProcessEnv = plainEnvironment(),
): Promise<Pick<Ended, 'code' | 'stdout' | 'stderr'>> {
  const written = { stdout: '', stderr: '' }
  const outcome = await runCommandLine({
    args,
    env,
    cwd: os.tmpdir(),
    stdout: (text) => (written.stdout += text),
    stderr: (text) => (written.stderr += text),
  })
  return { code: 'code' in outcome ? outcome.code : null, ...written }
}

/** Writes a program and returns its path. */
export function program(folder: string, source: string, name = 'app.mjs'): string {
  const file = path.join(folder, name)
  writeFileSync(file, source)
  return file
}
