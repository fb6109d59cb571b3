/** A breakdown as a terminal shows it. Pure, but it asks whether that terminal wants colours. */
import { boolean, number, optional, resolveOptions } from '../../support/options.js'
import { formatBytes, formatShare, printable } from '../../support/units.js'
import { fitLines } from '../fit-lines.js'
import { WIDTH_RULE, formatTable, palette } from '../format-table.js'
import type { TableColumn } from '../format-table.js'
import { isOwnerAdvice } from './parts.js'
import type { MemoryNode } from './types.js'

/** How {@link formatBreakdown} writes. */
export interface FormatBreakdownOptions {
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
  /**
   * Nodes with a smaller share of RSS are one line together, 0 to 1.
   * @default 0.005
   */
  readonly leastShare?: number | undefined
}

interface Row {
  readonly node: MemoryNode
  readonly depth: number
}

const NAME_LENGTH_MAX = 60
const NOTE_LENGTH_MAX = 600
/** Between the parts of a note. */
const SEPARATOR = '; '

/**
 * The tree, each node with its bytes and its share of RSS. Above it stands the diagnosis: its finding in the first line, each
 * advice in a line of its own below.
 *
 * @returns several lines, without a newline at the end
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`
 * @example
 * console.log(formatBreakdown(breakdown()))
 */
export function formatBreakdown(root: MemoryNode, options?: FormatBreakdownOptions): string {
  const { color, width, leastShare } = resolveOptions('formatBreakdown()', options, {
    color: optional(boolean),
    width: WIDTH_RULE,
    leastShare: { check: number({ min: 0, max: 1 }), fallback: 0.005 },
  })
  const paints = palette(color, width)
  const { strong, dim } = paints
  const rows = rowsOf(root, leastShare * root.bytes, 0)
  const columns: readonly TableColumn<Row>[] = [
    {
      title: 'memory',
      alignsLeft: true,
      cell: ({ node, depth }) => `${'  '.repeat(depth)}${printable(node.name, NAME_LENGTH_MAX)}`,
    },
    { title: 'resident', cell: ({ node }) => formatBytes(node.bytes) },
    { title: 'of RSS', cell: ({ node }) => formatShare(node.bytes, root.bytes) },
    { title: '', alignsLeft: true, cell: ({ node, depth }) => (depth === 0 ? '' : printable(node.note ?? '', 160)) },
  ]
  const paint =
    ({ depth }: Row) =>
    (text: string): string =>
      depth < 2 ? text : dim(text)
  const [finding = '', ...advice] = printable(root.note ?? formatBytes(root.bytes), NOTE_LENGTH_MAX).split(SEPARATOR)
  const lines = [
    `${strong('Where all of RSS is')}: ${finding}`,
    ...advice.map((text) => `  ${text}`),
    '',
    ...formatTable(columns, rows, paints, paint),
  ]
  return fitLines(lines, paints.width).join('\n')
}

/**
 * The tree beside a list of owners: without the advice to find them.
 *
 * @internal
 */
export function besideOwners(root: MemoryNode, owners: readonly unknown[] = []): MemoryNode {
  if (owners.length === 0 || root.note === undefined) return root
  const note = root.note.split(SEPARATOR).filter((advice) => !isOwnerAdvice(advice))
  return { ...root, note: note.join(SEPARATOR) }
}

/** Depth first; small children of a node together, so that the lines still add up. */
function rowsOf(node: MemoryNode, leastBytes: number, depth: number): Row[] {
  const children = node.children ?? []
  const isShown = ({ bytes }: MemoryNode): boolean => bytes >= leastBytes && bytes > 0
  const shown = depth === 0 ? children : children.filter(isShown)
  const small = depth === 0 ? [] : children.filter((child) => !isShown(child) && child.bytes > 0)
  const smallBytes = small.reduce((sum, { bytes }) => sum + bytes, 0)
  return [
    { node, depth },
    ...(shown.length === 0 ? [] : shown.flatMap((child) => rowsOf(child, leastBytes, depth + 1))),
    ...(shown.length === 0 || small.length === 0
      ? []
      : [{ node: { name: `${String(small.length)} smaller`, bytes: smallBytes }, depth: depth + 1 }]),
  ]
}
