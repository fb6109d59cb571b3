/** The table of functions: how much each allocated by itself, and how much with all that it called. */
import { boolean, number, oneOf, resolveOptions } from '../../support/options.js'
import type { OptionRules } from '../../support/options.js'
import { formatBytes, formatCount, formatShare } from '../../support/units.js'
import { columnOf, DEFAULT_SAMPLE_TYPE } from '../profile/columns-of.js'
import type { ProfileColumn } from '../profile/columns-of.js'
import { SAMPLE_TYPE_NAMES } from '../profile/sample-types.js'
import { withTemporary } from '../profile/temporary.js'
import { halfWidthOf, variancesOf } from '../profile/sampling-error.js'
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
   * The unit of a row: a function, a function and the line in it, a file, or a package. Of files and packages what was
   * allocated by themselves is counted for the innermost JavaScript outside Node's own, where a stack has any.
   * @default 'function'
   */
  readonly by?: LabelKind
}

/** A table of functions, see {@link topTable}. */
export interface TopTable {
  /** The unit of a row. */
  readonly by: LabelKind
  readonly type: SampleTypeName
  readonly unit: SampleType['unit']
  readonly total: number
  /** By the amount of `flat`, then by that of `cumulative`, then by name. */
  readonly rows: readonly TopRow[]
}

/** A function in a table. */
export interface TopRow {
  readonly name: string
  /** The bytes that it allocated by itself: negative in a difference, where it became less. */
  readonly flat: number
  /** The bytes that it and all that it called allocated; a stack counts once, however often the function stands in it. */
  readonly cumulative: number
  /**
   * Half the width of the 95 % interval of `flat` that comes from sampling, in the table's unit; null where the profile does not
   * say how it was sampled. In a difference it is too wide where much stayed: what came and went of a stack is not told apart.
   */
  readonly flatUncertainty: number | null
  /** The same of `cumulative`. */
  readonly cumulativeUncertainty: number | null
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
 * The allocations of each function, as `jeprof --text` and `pprof -top` show them.
 *
 * @throws CacheAttributionError `ERR_PROFILE_COLUMN` where the profile has no such kind of value, `ERR_OPTION_*`
 * @example
 * const { total, rows } = topTable(profile)
 * for (const { name, flat } of rows.slice(0, 10)) console.log(name, flat / total)
 */
export function topTable(given: HeapProfile, options: TableOptions = {}): TopTable {
  const resolved = resolveOptions<Required<TableOptions>>('topTable()', options, {
    ...OUTPUT_RULES,
    by: { check: oneOf('function', 'line', 'file', 'package'), fallback: 'function' },
  })
  const profile = withTemporary(given, resolved.type)
  const column = columnOf(profile, resolved.type)
  const names = numberedNames(profile, resolved.allocatorFrames, resolved.by)
  const amounts = amountsOf(profile, column)
  const variances = variancesOf(profile, column)
  const sums = addUp(profile, { amounts, variances }, names, resolved)
  const uncertaintyOf = (amount: number, variance: number | undefined): number | null =>
    variances === null ? null : halfWidthOf(amount, variance ?? 0)
  const rows = names.list.flatMap((name, index): TopRow[] => {
    const [flat, cumulative] = [sums.flat[index] ?? 0, sums.cumulative[index] ?? 0]
    if (flat === 0 && cumulative === 0) return []
    const flatUncertainty = uncertaintyOf(flat, sums.flatVariance[index])
    const cumulativeUncertainty = uncertaintyOf(cumulative, sums.cumulativeVariance[index])
    return [{ name, flat, cumulative, flatUncertainty, cumulativeUncertainty }]
  })
  const total = amounts.reduce((sum, amount) => sum + amount, 0)
  return { by: resolved.by, type: column.type.type, unit: column.type.unit, total, rows: rows.sort(byAmount) }
}

function amountsOf({ samples, sampleTypes }: HeapProfile, { index }: ProfileColumn): Float64Array {
  return Float64Array.from(
    { length: samples.count },
    (_, sample) => samples.values[sample * sampleTypes.length + index] ?? 0,
  )
}

/**
 * The table as text, with its heading and the first `limit` rows.
 *
 * @example
 * console.log(formatTopTable(topTable(profile)))
 */
export function formatTopTable(table: TopTable, options: { readonly limit?: number } = {}): string {
  const { limit } = resolveOptions<{ limit: number }>('formatTopTable()', options, {
    limit: { check: number({ min: 1, unbounded: true, max: Infinity }), fallback: 50 },
  })
  const columns = figureColumns(table)
  const lines = summedRows(table, limit).map((row) => [...columns.map(({ cell }) => cell(row)), row.name])
  const head = columns.map(({ title }) => title)
  const widths = head.map((text, index) => Math.max(text.length, ...lines.map((cells) => cells[index]?.length ?? 0)))
  const rows = [[...head, table.by], ...lines].map((cells) => {
    return cells.map((cell, index) => cell.padStart(widths[index] ?? 0)).join('  ')
  })
  const left = table.rows.length - lines.length
  return `${totalLine(table)}\n\n${rows.join('\n')}\n${left > 0 ? `… and ${formatCount(left)} more\n` : ''}`
}

/** A row with what it and all before it have. */
export interface SummedRow extends TopRow {
  readonly sum: number
}

/** The first rows of a table. */
export function summedRows({ rows }: TopTable, limit: number): SummedRow[] {
  let sum = 0
  return rows.slice(0, limit).map((row) => ({ ...row, sum: (sum += row.flat) }))
}

/** The figures of a row as columns; those of errors where the profile says how it was sampled. */
export function figureColumns(
  table: TopTable,
): readonly { readonly title: string; cell: (row: SummedRow) => string }[] {
  const amount = amountsAs(table)
  const whole = Math.abs(table.total)
  const error = (of: (row: SummedRow) => number | null): { title: string; cell: (row: SummedRow) => string }[] =>
    table.rows.every(({ flatUncertainty }) => flatUncertainty === null)
      ? []
      : [{ title: '±', cell: (row) => amount(of(row) ?? 0) }]
  return [
    { title: 'flat', cell: ({ flat }) => amount(flat) },
    ...error(({ flatUncertainty }) => flatUncertainty),
    { title: 'flat %', cell: ({ flat }) => formatShare(flat, whole) },
    { title: 'sum %', cell: ({ sum }) => formatShare(sum, whole) },
    { title: 'cumulative', cell: ({ cumulative }) => amount(cumulative) },
    ...error(({ cumulativeUncertainty }) => cumulativeUncertainty),
    { title: 'cum %', cell: ({ cumulative }) => formatShare(cumulative, whole) },
  ]
}

/** The line above a table. */
export function totalLine(table: TopTable): string {
  return `${table.type}: ${amountsAs(table)(table.total)} in all`
}

function amountsAs({ unit }: TopTable): (amount: number) => string {
  return unit === 'bytes' ? formatBytes : formatCount
}

/** Names of all frames: number of a frame → numbers of its names, innermost first. */
export interface Names {
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

/** Of each sample. */
interface Columns {
  readonly amounts: Float64Array
  readonly variances: Float64Array | null
}

/** By name: of the innermost frame alone, and of all. */
interface Sums {
  readonly flat: Float64Array
  readonly cumulative: Float64Array
  /** Zeros where there are no variances. */
  readonly flatVariance: Float64Array
  readonly cumulativeVariance: Float64Array
}

/** The amounts and variances of the samples by the names of their frames, in one pass over the stacks. */
function addUp(
  profile: HeapProfile,
  { amounts, variances }: Columns,
  { list, ofFrame }: Names,
  options: Required<TableOptions>,
): Sums {
  const { count, offsets, frames } = profile.samples
  const [flat, cumulative] = [new Float64Array(list.length), new Float64Array(list.length)]
  const [flatVariance, cumulativeVariance] = [new Float64Array(list.length), new Float64Array(list.length)]
  const allocator = options.allocatorFrames ? null : allocatorFrames(profile)
  /** In which sample a name was counted last: a set that needs no clearing. */
  const countedIn = new Int32Array(flat.length).fill(-1)
  const isOwn = ownFrames(profile)
  for (let sample = 0; sample < count; sample++) {
    const [value, variance] = [amounts[sample] ?? 0, variances?.[sample] ?? 0]
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
          flatVariance[name] = (flatVariance[name] ?? 0) + variance
          isLeaf = false
        }
        if (countedIn[name] === sample) continue
        countedIn[name] = sample
        cumulative[name] = (cumulative[name] ?? 0) + value
        cumulativeVariance[name] = (cumulativeVariance[name] ?? 0) + variance
      }
    }
  }
  return { flat, cumulative, flatVariance, cumulativeVariance }
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
