/** Child processes of the benchmarks: another Node, with or without jemalloc preloaded, answering in JSON lines. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import './record.js'

export interface ChildOptions {
  /** Path of the Node binary; this one by default. */
  readonly node?: string | undefined
  readonly allocator?: 'jemalloc' | 'glibc' | undefined
  readonly args?: readonly string[]
  readonly execArgv?: readonly string[]
}

/** Runs a script of dist/bench/ and collects the JSON lines it prints. */
export async function runScript<T>(script: string, options: ChildOptions = {}): Promise<T[]> {
  const { LD_PRELOAD: _preload, ...env } = process.env
  const child = spawn(
    options.node ?? process.execPath,
    [...(options.execArgv ?? []), fileURLToPath(new URL(`../${script}.js`, import.meta.url)), ...(options.args ?? [])],
    {
      env: options.allocator === 'glibc' ? env : { ...env, LD_PRELOAD: process.env['JEMALLOC'] ?? 'libjemalloc.so.2' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const lines: T[] = []
  for await (const line of createInterface({ input: child.stdout })) lines.push(JSON.parse(line) as T)
  const code = child.exitCode ?? ((await once(child, 'exit')) as [number | null])[0]
  if (code !== 0) throw new Error(`${script} ${(options.args ?? []).join(' ')} ended with ${String(code)}`)
  return lines
}

/** Calls `use` with what `cc` makes of `bench/native/<source>`; it is gone afterwards. */
export async function withCompiled(
  source: string,
  options: readonly string[],
  use: (compiled: string) => void | Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-native-'))
  try {
    const compiled = path.join(folder, path.parse(source).name)
    const from = fileURLToPath(new URL(`../../../bench/native/${source}`, import.meta.url))
    execFileSync('cc', ['-O2', ...options, '-o', compiled, from, '-ldl'])
    await use(compiled)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Prints one JSON line for {@link runScript}. */
export function report(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** The values of every `--name value` on the command line. */
export function flags(name: string): string[] {
  return process.argv.flatMap((argument, index) =>
    argument === `--${name}`
      ? [process.argv[index + 1] ?? '']
      : argument.startsWith(`--${name}=`)
        ? [argument.slice(name.length + 3)]
        : [],
  )
}

/**
 * Which of `names` every `--flag NAME,NAME` of the command line asks for; all of them without one.
 *
 * @param fits whether a name is asked for by a word; only by itself, by default
 * @throws Error on a word that fits no name, with the names
 */
export function chosenOf<Name extends string>(
  flag: string,
  names: readonly Name[],
  fits: (name: Name, word: string) => boolean = (name, word) => name === word,
): readonly Name[] {
  const asked = flags(flag).flatMap((list) => list.split(',').map((word) => word.trim()))
  const unknown = asked.filter((word) => word === '' || !names.some((name) => fits(name, word)))
  if (unknown.length > 0) throw new Error(`--${flag} ${unknown.join(',')}: choose of ${names.join(', ')}`)
  return asked.length === 0 ? names : names.filter((name) => asked.some((word) => fits(name, word)))
}

/** The binaries to measure on: every `--node PATH` of the command line, or this one. */
export function chosenNodes(): string[] {
  const chosen = flags('node')
  return chosen.length > 0 ? chosen : [process.execPath]
}

/** The version that a binary prints: v24.11.0. */
export function versionOf(node: string): string {
  return execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
}
