/** The table of functions: how much each allocated by itself, and how much with all that it called. */
import { boolean, number, oneOf, resolveOptions } from '../../support/options.js'
import type { OptionRules } from '../../support/options.js'
import { formatBytes, formatCount, formatShare } from '../../support/units.js'
import { columnOf, DEFAULT_SAMPLE_TYPE } from '../profile/columns-of.js'
import { SAMPLE_TYPE_NAMES } from '../profile/sample-types.js'
import type { HeapProfile, SampleType, SampleTypeName } from '../profile/types.js'
import { allocatorFrames, isJavaScriptFrame, labelsOf, shownFrom } from './labels.js'
import type { LabelKind } from './labels.js'

/** Options of all outputs that show one kind of value. */
export interface OutputOptions {
  /** Which kind of value. @default 'inuse_space' */
  readonly type?: SampleTypeName
  /** Show the allocator's own frames too. @default false */
  readonly allocatorFrames?: boolean
}

/** Options of {@link topTable}. */
export interface TableOptions extends OutputOptions {
  /**
   * What a row stands for: a function, a function and the line in it, a file, or a package. Of files and packages what was
   * allocated by themselves is counted for the innermost JavaScript outside Node's own, where a stack has any.
   * @default 'function'
   */
  readonly by?: LabelKind
}

/** A table of functions, see {@link topTable}. */
export interface TopTable {
  readonly type: SampleTypeName
  readonly unit: SampleType['unit']
  readonly total: number
  /** By the amount of `flat`, then by that of `cumulative`, then by name. */
  readonly rows: readonly TopRow[]
}

/** A function in a table. */
export interface TopRow {
  readonly name: string
  /** What it allocated by itself: negative in a difference, where it became less. */
  readonly flat: number
  /** What it and all that it called allocated; a stack counts once, however often the function stands in it. */
  readonly cumulative: number
}

/** Rules of {@link OutputOptions}. */
export const OUTPUT_RULES: OptionRules<Required<OutputOptions>> = {
  type: {
    check: oneOf(...SAMPLE_TYPE_NAMES),
    fallback: DEFAULT_SAMPLE_TYPE,
  },
  allocatorFrames: { check: boolean, fallback: false },
}

/**
 * What each function allocated, as `jeprof --text` and `pprof -top` show it.
 *
 * @throws CacheAttributionError `ERR_PROFILE_COLUMN` where the profile has no such kind of value, `ERR_OPTION_*`
 * @example
 * const { total, rows } = topTable(profile)
 * for (const { name, flat } of rows.slice(0, 10)) console.log(name, flat / total)
 */
export function topTable(profile: HeapProfile, options: TableOptions = {}): TopTable {
  const resolved = resolveOptions<Required<TableOptions>>('topTable()', options, {
    ...OUTPUT_RULES,
    by: { check: oneOf('function', 'line', 'file', 'package'), fallback: 'function' },
  })
  const column = columnOf(profile, resolved.type)
  const names = numberedNames(profile, resolved.allocatorFrames, resolved.by)
  const flat = new Float64Array(names.list.length)
  const cumulative = new Float64Array(names.list.length)
  const total = addUp(profile, column.index, names, flat, cumulative, resolved)
  const rows = names.list.flatMap((name, index): TopRow[] => {
    const row = { name, flat: flat[index] ?? 0, cumulative: cumulative[index] ?? 0 }
    return row.flat === 0 && row.cumulative === 0 ? [] : [row]
  })
  return { type: column.type.type, unit: column.type.unit, total, rows: rows.sort(byAmount) }
}

/** A table as text for people, its `limit` first rows. */
export function formatTopTable(table: TopTable, options: { readonly limit?: number } = {}): string {
  const { limit } = resolveOptions<{ limit: number }>('formatTopTable()', options, {
    limit: { check: number({ min: 1, unbounded: true, max: Infinity }), fallback: 50 },
  })
  const amount = table.unit === 'bytes' ? formatBytes : formatCount
  const whole = Math.abs(table.total)
  let sum = 0
  const lines = table.rows.slice(0, limit).map(({ name, flat, cumulative }) => {
    sum += flat
    const cells = [amount(flat), formatShare(flat, whole), formatShare(sum, whole), amount(cumulative)]
    return [...cells, formatShare(cumulative, whole), name]
  })
  const head = ['flat', 'flat %', 'sum %', 'cumulative', 'cum %']
  const widths = head.map((text, index) => Math.max(text.length, ...lines.map((cells) => cells[index]?.length ?? 0)))
  const rows = [[...head, 'function'], ...lines].map((cells) => {
    return cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('  ')
  })
  const left = table.rows.length - lines.length
  return `${table.type}: ${amount(table.total)} in all\n\n${rows.join('\n')}\n${left > 0 ? `… and ${formatCount(left)} more\n` : ''}`
}

/** Names of all frames: number of a frame → numbers of its names, innermost first. */
interface Names {
  readonly list: readonly string[]
  readonly ofFrame: readonly (readonly number[])[]
}

/** Numbers the names of all frames. */
export function numberedNames(profile: HeapProfile, withAllocator: boolean, by: LabelKind = 'function'): Names {
  const numbers = new Map<string, number>()
  const ofFrame = profile.frames.map((frame) => {
    return labelsOf(profile, frame, withAllocator, by).map((name) => {
      const known = numbers.get(name)
      if (known !== undefined) return known
      numbers.set(name, numbers.size)
      return numbers.size - 1
    })
  })
  return { list: [...numbers.keys()], ofFrame }
}

function addUp(
  profile: HeapProfile,
  column: number,
  { ofFrame }: Names,
  flat: Float64Array,
  cumulative: Float64Array,
  options: Required<TableOptions>,
): number {
  const { count, values, offsets, frames } = profile.samples
  const allocator = options.allocatorFrames ? null : allocatorFrames(profile)
  /** In which sample a name was counted last: a set that needs no clearing. */
  const countedIn = new Int32Array(flat.length).fill(-1)
  const isOwn = ownFrames(profile)
  let total = 0
  for (let sample = 0; sample < count; sample++) {
    const value = values[sample * profile.sampleTypes.length + column] ?? 0
    total += value
    const to = offsets[sample + 1] ?? 0
    const from = shownFrom(frames, offsets[sample] ?? 0, to, allocator)
    const isBySource = options.by === 'file' || options.by === 'package'
    const innermost = isBySource ? frames.subarray(from, to).findIndex((frame) => isOwn[frame] === 1) : 0
    const leaf = from + Math.max(0, innermost)
    let isLeaf = true
    for (let at = from; at < to; at++) {
      for (const name of ofFrame[frames[at] ?? 0] ?? []) {
        if (isLeaf && at >= leaf) {
          flat[name] = (flat[name] ?? 0) + value
          isLeaf = false
        }
        if (countedIn[name] === sample) continue
        countedIn[name] = sample
        cumulative[name] = (cumulative[name] ?? 0) + value
      }
    }
  }
  return total
}

/** Of each frame whether it is JavaScript outside Node's own and V8's: 1 or 0. */
function ownFrames({ frames }: HeapProfile): Uint8Array {
  return Uint8Array.from(frames, (frame) => {
    const file = isJavaScriptFrame(frame) ? frame.functions[0]?.file : null
    return file === null || file === undefined || file.startsWith('node:') ? 0 : 1
  })
}

function byAmount(a: TopRow, b: TopRow): number {
  const [flat, cumulative] = [Math.abs(b.flat) - Math.abs(a.flat), Math.abs(b.cumulative) - Math.abs(a.cumulative)]
  if (flat !== 0) return flat
  if (cumulative !== 0) return cumulative
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
