/** A class histogram as a terminal shows it. Pure, but it asks whether that terminal wants colours. */
import { boolean, optional, resolveOptions } from '../../support/options.js'
import { formatBytes, formatCount, formatShare, printable } from '../../support/units.js'
import { fitLines } from '../../report/fit-lines.js'
import { WIDTH_RULE, formatTable, palette } from '../../report/format-table.js'
import type { Palette, TableColumn } from '../../report/format-table.js'
import { describeLargest } from '../../report/discovery/place-of.js'
import type { ClassHistogram, ClassRow } from './histogram.js'

const NAME_LENGTH_MAX = 60

/** How {@link formatHistogram} writes. */
export interface FormatHistogramOptions {
  /**
   * ANSI colours.
   * @default true where standard output is a terminal and `NO_COLOR` is not set
   */
  readonly color?: boolean | undefined
  /**
   * Columns that a line may have, 20 or more. Tables give way by going on in further lines.
   * @default those of the terminal where standard output is one and `color` is not given, else Infinity
   */
  readonly width?: number | undefined
}

/**
 * A table of the classes and what the limit left out, then one of the objects of no class: strings, functions, V8's own.
 *
 * @returns several lines, without a newline at the end
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`
 * @example
 * console.log(formatHistogram(await classHistogram({ limit: 20 })))
 */
export function formatHistogram(histogram: ClassHistogram, options?: FormatHistogramOptions): string {
  const { color, width } = resolveOptions('formatHistogram()', options, { color: optional(boolean), width: WIDTH_RULE })
  const paints = palette(color, width)
  const { strong, dim } = paints
  const { classes, engine = [], others, total, reason } = histogram
  const size = `${formatCount(total.nodes)} objects, ${formatBytes(total.shallowBytes)}, ${formatCount(total.edges)} references`
  const lines = [
    `${strong('Live objects by class')} ${dim(`(${size})`)}`,
    '',
    ...tableOf('class', ({ className }) => className, classes, total.shallowBytes, paints),
    ...(others.classes === 0
      ? []
      : [
          dim(
            `and ${formatCount(others.classes)} other class${others.classes === 1 ? '' : 'es'}: ${formatCount(others.count)} object${others.count === 1 ? '' : 's'}, ${formatBytes(others.shallowBytes)}`,
          ),
        ]),
    ...(engine.length === 0
      ? []
      : [
          '',
          `${strong('Of no class')} ${dim("(what holds the objects above, and V8's own)")}`,
          '',
          ...tableOf('what', ({ what }) => what, engine, total.shallowBytes, paints),
        ]),
    ...(reason === null ? [] : [dim(`by V8's heap snapshot, since the heap could not be walked: ${reason}`)]),
  ]
  return fitLines(lines, paints.width).join('\n')
}

/** The share is that of the bytes by which rows are sorted. */
function tableOf<Row extends ClassRow>(
  title: string,
  nameOf: (row: Row) => string,
  rows: readonly Row[],
  wholeBytes: number,
  paints: Palette,
): string[] {
  const columns: TableColumn<Row>[] = [
    { title, alignsLeft: true, cell: (row) => printable(nameOf(row), NAME_LENGTH_MAX) },
    { title: 'count', cell: ({ count }) => formatCount(count) },
    { title: 'shallow', cell: ({ shallowBytes }) => formatBytes(shallowBytes) },
    { title: 'retained', cell: ({ retainedBytes }) => formatBytes(retainedBytes) },
    { title: 'share', cell: (row) => formatShare(row.retainedBytes ?? row.shallowBytes, wholeBytes) },
    ...(rows.some((row) => describeLargest(row) !== '')
      ? [{ title: 'how the largest is reached', alignsLeft: true, cell: describeLargest }]
      : []),
  ]
  return formatTable(columns, rows, paints, () => (text) => text)
}
