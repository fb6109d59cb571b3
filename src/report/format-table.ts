/** A table as a terminal shows it: columns as wide as their cells, none in which nothing is known. Pure. */
import { widthOf } from '../support/units.js'

/** Colours a text, or leaves it. */
export type Paint = (text: string) => string

/** The few emphases of a report. */
export interface Palette {
  readonly strong: Paint
  readonly dim: Paint
  readonly bad: Paint
  readonly isColored: boolean
}

/** One column: its title, and its text for a row. */
export interface TableColumn<Row> {
  readonly title: string
  readonly alignsLeft?: boolean
  cell(row: Row): string
}

const UNKNOWN = '–'

/** Head and rows; a column of numbers in which nothing is known is left out. */
export function formatTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  head: Paint,
  paintOf: (row: Row) => Paint,
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)))
  const kept = columns.map((column, index) => column.alignsLeft === true || cells.some((row) => row[index] !== UNKNOWN))
  const widths = columns.map(({ title }, index) =>
    cells.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? '')), widthOf(title)),
  )
  const line = (texts: readonly string[]): string =>
    texts
      .flatMap((text, index) => {
        if (kept[index] !== true) return []
        const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(text)))
        return [columns[index]?.alignsLeft === true ? text + padding : padding + text]
      })
      .join('  ')
      .trimEnd()
  return [
    head(line(columns.map(({ title }) => title))),
    ...rows.map((row, index) => paintOf(row)(line(cells[index] ?? []))),
  ]
}

const paint =
  (code: number): Paint =>
  (text) =>
    text === '' ? text : `\u001b[${String(code)}m${text}\u001b[0m`
const COLORS: Palette = { strong: paint(1), dim: paint(2), bad: paint(31), isColored: true }
const PLAIN: Palette = { strong: (text) => text, dim: (text) => text, bad: (text) => text, isColored: false }

/** As asked; where nothing is asked, colours on a terminal unless `NO_COLOR` is set. */
export function palette(color: boolean | undefined): Palette {
  const { stdout, env } = process
  return (color ?? (stdout.isTTY && (env['NO_COLOR'] ?? '') === '')) ? COLORS : PLAIN
}
