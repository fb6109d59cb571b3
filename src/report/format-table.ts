/** A table as a terminal shows it: columns as wide as their cells, none in which nothing is known. Pure. */
import { number, optional } from '../support/options.js'
import { widthOf } from '../support/units.js'
import { wrapText } from './fit-lines.js'

/** Colours a text, or leaves it. */
export type Paint = (text: string) => string

/** The few emphases of a report. */
export interface Palette {
  readonly strong: Paint
  readonly dim: Paint
  readonly bad: Paint
  readonly isColored: boolean
  /** Columns that a line may have; Infinity where nothing bounds them. */
  readonly width: number
}

/** One column: its title, and its text for a row. */
export interface TableColumn<Row> {
  readonly title: string
  readonly alignsLeft?: boolean
  cell(row: Row): string
}

const UNKNOWN = '–'
/** Narrower than that is no terminal. */
const WIDTH_LEAST = 20
const GAP = '  '
/** A column of text that has less room is no column any more. */
const TEXT_LEAST = 16

/**
 * Head and rows; a column of numbers in which nothing is known is left out. Where the table is wider than it may be, its texts
 * go on in further lines, and where its numbers alone are too wide, each row is a text and its figures by name below it.
 */
export function formatTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  { strong, width }: Pick<Palette, 'strong' | 'width'>,
  paintOf: (row: Row) => Paint,
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)))
  const kept = columns.flatMap(({ title, alignsLeft = false }, index): Kept[] => {
    const texts = cells.map((row) => row[index] ?? '')
    if (!alignsLeft && !texts.some((text) => text !== UNKNOWN)) return []
    return [{ title, texts, alignsLeft, width: widestOf([title, ...texts]) }]
  })
  const fitted = fit(kept, width)
  const paintOfPlace = (place: number): Paint => {
    const row = rows[place]
    return row === undefined ? (text) => text : paintOf(row)
  }
  if (fitted === null) {
    return rows.flatMap((_, place) => listed(kept, place, width).map((line) => paintOfPlace(place)(line)))
  }
  const lines = (textOf: (column: Kept) => string, paint: Paint): string[] => {
    const wrapped = fitted.map((column) => wrapText(textOf(column), column.width))
    const height = wrapped.reduce((most, { length }) => Math.max(most, length), 1)
    return Array.from({ length: height }, (_, line) => {
      const texts = fitted.map((column, place) => padded(wrapped[place]?.[line] ?? '', column))
      return paint(texts.join(GAP).trimEnd())
    })
  }
  return [
    ...lines(({ title }) => title, strong),
    ...rows.flatMap((_, place) => lines(({ texts }) => texts[place] ?? '', paintOfPlace(place))),
  ]
}

/** A column that is shown. */
interface Kept {
  readonly title: string
  readonly texts: readonly string[]
  readonly alignsLeft: boolean
  readonly width: number
}

function widestOf(texts: readonly string[]): number {
  return texts.reduce((widest, text) => Math.max(widest, widthOf(text)), 0)
}

function padded(text: string, { width, alignsLeft }: Kept): string {
  const padding = ' '.repeat(Math.max(0, width - widthOf(text)))
  return alignsLeft ? text + padding : padding + text
}

/** Columns of text give way, the widest first. Null where the numbers leave them too little. */
function fit(columns: readonly Kept[], width: number): readonly Kept[] | null {
  const fitted = columns.map((column) => ({ ...column }))
  let surplus = fitted.reduce((sum, column) => sum + column.width, GAP.length * (fitted.length - 1)) - width
  for (; surplus > 0; surplus--) {
    const [widest] = fitted.filter(({ alignsLeft }) => alignsLeft).sort((a, b) => b.width - a.width)
    if (widest === undefined || widest.width <= TEXT_LEAST) return null
    widest.width--
  }
  return fitted
}

/** A row without columns: its name, behind its number where it has one, then what is known by title. */
function listed(columns: readonly Kept[], place: number, width: number): string[] {
  const cells = columns.map(({ texts, ...column }) => ({ ...column, text: texts[place] ?? '' }))
  const isNumbered = cells[0]?.alignsLeft === false && cells[1]?.alignsLeft === true
  const label = isNumbered ? `${cells[0]?.text ?? ''}${GAP}` : ''
  const [name, ...others] = isNumbered ? cells.slice(1) : cells
  const known = others.filter(({ text }) => text !== '' && text !== UNKNOWN)
  const figures = known.map(({ title, text, alignsLeft }) => {
    const named = `${title} ${text}`.trim()
    // Blanks within a figure do not part.
    return alignsLeft ? named : named.replaceAll(' ', '\u00a0')
  })
  const indent = ' '.repeat(isNumbered ? label.length : GAP.length)
  const above = wrapText(name?.text ?? '', width - label.length)
  const below = known.length === 0 ? [] : wrapText(figures.join(', '), width - indent.length)
  return [
    ...above.map((line, index) => (index === 0 ? label : ' '.repeat(label.length)) + line),
    ...below.map((line) => indent + line.replaceAll('\u00a0', ' ')),
  ]
}

const paint =
  (code: number): Paint =>
  (text) =>
    text === '' ? text : `\u001b[${String(code)}m${text}\u001b[0m`
const COLORS = { strong: paint(1), dim: paint(2), bad: paint(31), isColored: true } as const
const PLAIN = { strong: same, dim: same, bad: same, isColored: false } as const

function same(text: string): string {
  return text
}

/** Nothing but text, as wide as it is. */
export const PLAIN_PALETTE: Palette = { ...PLAIN, width: Infinity }

/** The rule of the option `width`. */
export const WIDTH_RULE = optional(number({ min: WIDTH_LEAST, unbounded: true }))

/**
 * As asked. Where nothing is asked, on a terminal: colours unless `NO_COLOR` is set, and lines no longer than it is wide. A text
 * with or without colours that were asked for goes elsewhere, and is as wide as it is.
 */
export function palette(color?: boolean, width?: number): Palette {
  const { stdout, env } = process
  const isColored = color ?? (stdout.isTTY && (env['NO_COLOR'] ?? '') === '')
  const isTerminal = color === undefined && stdout.isTTY
  // Some terminals do not know, and say 0.
  const columns = isTerminal && stdout.columns > 0 ? Math.max(WIDTH_LEAST, stdout.columns) : Infinity
  return { ...(isColored ? COLORS : PLAIN), width: width ?? columns }
}
