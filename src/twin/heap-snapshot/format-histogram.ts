/** A class histogram as a terminal shows it. Pure, but it asks whether that terminal wants colours. */
import { boolean, optional, resolveOptions } from '../../support/options.js'
import { formatBytes, formatCount, formatShare, printable } from '../../support/units.js'
import { fitLines } from '../../report/fit-lines.js'
import { WIDTH_RULE, formatTable, palette } from '../../report/format-table.js'
import { describeLargest } from '../../report/discovery/place-of.js'
import type { ClassHistogram, ClassRow } from './histogram.js'

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
 * A table of the classes, then what the limit left out.
 *
 * @returns several lines, without a newline at the end
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`
 */
export function formatHistogram(histogram: ClassHistogram, options?: FormatHistogramOptions): string {
  const { color, width } = resolveOptions('formatHistogram()', options, { color: optional(boolean), width: WIDTH_RULE })
  const paints = palette(color, width)
  const { strong, dim } = paints
  const { classes, others, total, reason } = histogram
  const columns = [
    { title: 'class', alignsLeft: true, cell: ({ className }: ClassRow) => printable(className, 60) },
    { title: 'count', cell: ({ count }: ClassRow) => formatCount(count) },
    { title: 'shallow', cell: ({ shallowBytes }: ClassRow) => formatBytes(shallowBytes) },
    { title: 'share', cell: ({ shallowBytes }: ClassRow) => formatShare(shallowBytes, total.shallowBytes) },
    { title: 'retained', cell: ({ retainedBytes }: ClassRow) => formatBytes(retainedBytes) },
    ...(classes.some((row) => describeLargest(row) !== '')
      ? [{ title: 'how the largest is reached', alignsLeft: true, cell: describeLargest }]
      : []),
  ]
  const size = `${formatCount(total.nodes)} objects, ${formatBytes(total.shallowBytes)}, ${formatCount(total.edges)} references`
  const lines = [
    `${strong('Live objects by class')} ${dim(`(${size})`)}`,
    '',
    ...formatTable(columns, classes, paints, () => (text) => text),
    ...(others.classes === 0
      ? []
      : [
          dim(
            `and ${formatCount(others.classes)} other classes: ${formatCount(others.count)} objects, ${formatBytes(others.shallowBytes)}`,
          ),
        ]),
    ...(reason === null ? [] : [dim(`by V8's heap snapshot, since the heap could not be walked: ${reason}`)]),
  ]
  return fitLines(lines, paints.width).join('\n')
}
