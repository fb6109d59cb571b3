/** The real jeprof, asked for its table, and its way of shortening names. */
import { spawnSync } from 'node:child_process'

/** What `jeprof --text` prints. */
export interface JeprofTable {
  readonly total: number
  readonly rows: readonly { readonly name: string; readonly flat: number; readonly cumulative: number }[]
}

/** The table of a profile in whole bytes or objects. */
export function jeprofTable(program: string, profile: string, options: readonly string[] = []): JeprofTable {
  const args = ['--text', '--show_bytes', ...options, program, profile]
  const { status, stdout, stderr } = spawnSync('jeprof', args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  })
  if (status !== 0) throw new Error(`jeprof ended with ${String(status)}: ${stderr}`)
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
