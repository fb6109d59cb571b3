/** The table of a profile as wide as the terminal: names go on in further lines. */
import { formatTopTable } from '../heap-profile/output/top.js'
import type { TopRow, TopTable } from '../heap-profile/output/top.js'
import { formatTable, palette } from '../report/format-table.js'
import type { Palette } from '../report/format-table.js'
import { formatBytes, formatCount, formatShare } from '../support/units.js'

const ROWS = 50
/** Columns for five figures and a name. */
const WIDE = 80

/** As {@link formatTopTable} where nothing bounds a line. */
export function formatProfileTable(table: TopTable, paints: Palette = palette()): string {
  const whole = formatTopTable(table, { limit: ROWS })
  if (whole.split('\n').every((line) => line.length <= paints.width)) return whole
  const amount = table.unit === 'bytes' ? formatBytes : formatCount
  const total = Math.abs(table.total)
  let sum = 0
  const rows = table.rows.slice(0, ROWS).map((row) => ({ ...row, sum: (sum += row.flat) }))
  type Row = TopRow & { readonly sum: number }
  const columns = [
    { title: 'flat', cell: ({ flat }: Row) => amount(flat) },
    { title: 'flat %', cell: ({ flat }: Row) => formatShare(flat, total) },
    { title: 'sum %', cell: (row: Row) => formatShare(row.sum, total) },
    { title: 'cumulative', cell: ({ cumulative }: Row) => amount(cumulative) },
    { title: 'cum %', cell: ({ cumulative }: Row) => formatShare(cumulative, total) },
  ]
  const name = { title: 'function', alignsLeft: true, cell: (row: Row) => row.name }
  // Where figures have no columns either, they stand below the first one.
  const ordered = paints.width < WIDE ? [name, ...columns] : [...columns, name]
  const lines = formatTable(ordered, rows, paints, () => (text) => text)
  const left = table.rows.length - rows.length
  const head = [`${table.type}: ${amount(table.total)} in all`, '']
  return `${[...head, ...lines, ...(left > 0 ? [`… and ${formatCount(left)} more`] : [])].join('\n')}\n`
}
