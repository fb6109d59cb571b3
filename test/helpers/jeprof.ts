/** The real jeprof, asked for its table, and its way of shortening names. */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import { demangle } from './internals/heap-profile-symbols.js'

/** The output of `jeprof --text`. */
export interface JeprofTable {
  readonly total: number
  readonly rows: readonly { readonly name: string; readonly flat: number; readonly cumulative: number }[]
}

const SEARCHED = process.env['PATH']

/** The table of a profile in whole bytes or objects. Perl is slow: ask for several at once. */
export async function jeprofTable(
  program: string,
  profile: string,
  options: readonly string[] = [],
): Promise<JeprofTable> {
  const args = ['--text', '--show_bytes', ...options, program, profile]
  const { stdout } = await promisify(execFile)('jeprof', args, {
    maxBuffer: 1 << 28,
    env: { PATH: SEARCHED, LC_ALL: 'C' },
  })
  const rows = [...stdout.matchAll(/^ *(-?\d+) +\S+% +\S+% +(-?\d+) +\S+% (.*)$/gm)].map(
    ([, flat, cumulative, name]) => ({
      name: name?.trim() ?? '',
      flat: Number(flat),
      cumulative: Number(cumulative),
    }),
  )
  const total = /^Total[^:]*: (-?\d+)/m.exec(stdout)?.[1]
  // Nothing at all is printed where there is nothing.
  return { total: total === undefined ? 0 : Number(total), rows }
}

/**
 * A name as jeprof shortens it: without parameters, template arguments, and what it adds to tell two apart. Addresses
 * without a name are all one, and so are the C library's own aliases.
 */
export function shortName(name: string): string {
  if (/^\?\? |^[^ ]+\+0x[0-9a-f]+$|^(?:0x)?[0-9a-f]{16}$/.test(name)) return '(no name)'
  let short = name
    .replace(/ \(inline\)$/, '')
    .replace(/@[0-9a-f]+$/, '')
    .replace(/@@?[A-Z_]+[0-9._]*$/, '')
    .replace(/^(?:__GI_)?_*(?=[a-zA-Z])/, '')
  for (const pattern of [/\([^()]*\)(?:\s*const)?/g, /<[^<>]*>/g]) {
    for (let before = ''; before !== short;) {
      before = short
      short = short.replace(pattern, '')
    }
  }
  return short.replace(/^.*\s+(\w+::)/, '$1').trim()
}

/** Sums by short name; what is called nothing, and what has no sum, is left out. */
export function byShortName(rows: readonly { readonly name: string; readonly flat: number }[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { name, flat } of rows) {
    if (flat !== 0) sums.set(shortName(name), (sums.get(shortName(name)) ?? 0) + flat)
  }
  return sums
}

/**
 * Sums in which names that stand at one address of these files are one: `fclose` and `_IO_new_fclose`, a function and its
 * `.localalias`. Which of them a tool takes is its own choice.
 */
export function byAddress(
  sums: ReadonlyMap<string, number>,
  aliases: ReadonlyMap<string, string>,
): Map<string, number> {
  const folded = new Map<string, number>()
  for (const [name, sum] of sums) {
    const first = aliases.get(name) ?? name
    folded.set(first, (folded.get(first) ?? 0) + sum)
  }
  return folded
}

/**
 * jeprof takes the name of an inlined function for a name that addr2line has cut off where the function around it has a
 * longer one that begins so: `uv__realloc`, inlined in `uv__reallocf`, gets the latter's name. Name → the one it begins with.
 */
export function lengthenedNames(names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of names) {
    const beginning = names.find((other) => other !== name && name.startsWith(other))
    if (beginning !== undefined) found.set(name, beginning)
  }
  return found
}

/** Short name → the first of the names that it shares an address with, in any of the files or their separate debug files. */
export function aliasesIn(
  files: readonly { readonly file: string; readonly buildId: string | null }[],
): Map<string, string> {
  const firstOf = new Map<string, string>()
  const root = (name: string): string => {
    let first = name
    for (let next = firstOf.get(first); next !== undefined && next !== first; next = firstOf.get(first)) first = next
    return first
  }
  for (const { file, buildId } of files) {
    for (const names of namesByAddress(file, buildId)) {
      const [first = '', ...others] = [...new Set(names.map((name) => shortName(demangle(name))))]
      for (const other of others) firstOf.set(root(other), root(first))
    }
  }
  return new Map([...firstOf.keys()].map((name) => [name, root(name)]))
}

/** The names of functions of a file, grouped by where they stand. */
function namesByAddress(file: string, buildId: string | null): string[][] {
  const debug = buildId === null ? '' : `/usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`
  const groups = new Map<string, string[]>()
  for (const [source, ...options] of [[file], [file, '-D'], [debug]]) {
    if (source === undefined || !existsSync(source)) continue
    const { stdout } = spawnSync('nm', ['--defined-only', ...options, source], { encoding: 'utf8', maxBuffer: 1 << 28 })
    for (const [, address = '', name = ''] of stdout.matchAll(/^([0-9a-f]+) [tTwWiu] (.*)$/gm)) {
      const group = groups.get(address)
      if (group === undefined) groups.set(address, [name])
      else group.push(name)
    }
  }
  return [...groups.values()].filter((names) => names.length > 1)
}
