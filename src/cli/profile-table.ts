/** The table of a profile as wide as the terminal: names go on in further lines. */
import { figureColumns, formatTopTable, summedRows, totalLine } from '../heap-profile/output/top.js'
import type { SummedRow, TopTable } from '../heap-profile/output/top.js'
import { formatTable, palette } from '../report/format-table.js'
import type { Palette } from '../report/format-table.js'
import { formatCount } from '../support/units.js'

const ROWS = 50
/** Columns for the figures and a name. */
const WIDE = 100

/** As {@link formatTopTable} where nothing bounds a line. */
export function formatProfileTable(table: TopTable, paints: Palette = palette()): string {
  const whole = formatTopTable(table, { limit: ROWS })
  if (whole.split('\n').every((line) => line.length <= paints.width)) return whole
  const rows = summedRows(table, ROWS)
  const columns = figureColumns(table)
  const name = { title: table.by, alignsLeft: true, cell: ({ name: text }: SummedRow) => text }
  // Where figures have no columns either, they stand below the first one.
  const ordered = paints.width < WIDE ? [name, ...columns] : [...columns, name]
  const lines = formatTable(ordered, rows, paints, () => (text) => text)
  const left = table.rows.length - rows.length
  const head = [totalLine(table), '']
  return `${[...head, ...lines, ...(left > 0 ? [`… and ${formatCount(left)} more`] : [])].join('\n')}\n`
}
