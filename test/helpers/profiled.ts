/**
 * Real heap profiles, written by jemalloc itself: of the programs in test/native/profiled/, compiled on first use, and of
 * Node.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { JEMALLOC, skipOrFail } from './child.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const SOURCES = path.join(ROOT, 'test', 'native', 'profiled')
const OUTPUT = path.join(ROOT, 'test', 'native', 'build')

/** The program that is run, and how it samples. */
export interface ProfiledRun {
  /** Of the compiled programs, or Node itself. */
  readonly program: 'sizes' | 'sizes-stripped' | 'containers' | 'node'
  readonly args: readonly string[]
  /** Base-2 logarithm of the mean bytes between samples. */
  readonly lgSample: number
  readonly accumulated?: boolean
  /** Further words of MALLOC_CONF. */
  readonly conf?: string
}

/** A folder of a test's own. */
export function temporaryFolder(): { readonly folder: string; readonly remove: () => void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'profiles-'))
  return {
    folder,
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Where the executable of a program is; compiles it where it is older than its source. */
export function programPath(context: Mocha.Context, program: ProfiledRun['program']): string {
  if (program === 'node') return process.execPath
  const [compiler, source, flags] =
    program === 'containers'
      ? ['g++', 'containers.cpp', ['-O2', '-g']]
      : program === 'sizes'
        ? ['gcc', 'sizes.c', ['-O2', '-g', '-pthread']]
        : ['gcc', 'sizes.c', ['-O2', '-no-pie', '-s', '-pthread']]
  const from = path.join(SOURCES, source)
  const to = path.join(OUTPUT, program)
  if (existsSync(to) && statSync(to).mtimeMs > statSync(from).mtimeMs) return to
  mkdirSync(OUTPUT, { recursive: true })
  const fresh = `${to}.${String(process.pid)}`
  const compiled = spawnSync(compiler, [...flags, from, '-o', fresh], { encoding: 'utf8' })
  if (compiled.error !== undefined) return skipOrFail(context, `no compiler ${compiler}: ${compiled.error.message}`)
  if (compiled.status !== 0) throw new Error(`${source} does not compile:\n${compiled.stderr}`)
  renameSync(fresh, to)
  return to
}

/** Runs a program under jemalloc and gives the paths of the profiles that it left, in the order of their writing. */
export function takeProfiles(context: Mocha.Context, folder: string, run: ProfiledRun): string[] {
  const before = new Set(readdirSync(folder))
  const words = [
    'prof:true,prof_final:true',
    `lg_prof_sample:${run.lgSample}`,
    `prof_accum:${run.accumulated === true}`,
    `prof_prefix:${path.join(folder, run.program)}`,
    ...(run.conf === undefined ? [] : [run.conf]),
  ]
  const env = { PATH: process.env['PATH'], LD_PRELOAD: JEMALLOC, MALLOC_CONF: words.join(',') }
  const file = programPath(context, run.program)
  const ran = spawnSync(file, run.args, { env, encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' })
  if (ran.status !== 0) throw new Error(`${run.program} ended with ${String(ran.status ?? ran.signal)}: ${ran.stderr}`)
  const written = readdirSync(folder).filter((name) => !before.has(name) && name.endsWith('.heap'))
  if (written.length === 0) throw new Error(`${run.program} wrote no profile: ${ran.stderr}`)
  const sequence = (name: string): number => Number(/\.(\d+)\.[a-z]\d*\.heap$/.exec(name)?.[1])
  return written.sort((a, b) => sequence(a) - sequence(b)).map((name) => path.join(folder, name))
}

/** The path of a tool; skips the tests of a `before` hook where it is missing, under CI that is a failure. */
export function requireTool(context: Mocha.Context, command: string, debianPackage: string): void {
  const { error } = spawnSync(command, ['--help'], { stdio: 'ignore' })
  if (error !== undefined) skipOrFail(context, `${command} is not there (Debian, Ubuntu: ${debianPackage})`)
}
