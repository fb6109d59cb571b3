/** Bytes, milliseconds and counts as people read them. */
import { describe } from './errors.js'
import { escapeUnprintable } from './terminal-text.js'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `134.2 MiB`; three or four digits, sign kept, `–` for unknown. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '–'
  let amount = Math.abs(bytes)
  let unit = 0
  while (amount >= 1023.95 && unit < UNITS.length - 1) {
    amount /= 1024
    unit++
  }
  const text = unit === 0 ? String(Math.round(amount)) : amount.toFixed(amount < 99.95 ? 2 : 1)
  return `${bytes < 0 ? '−' : ''}${text} ${UNITS[unit] ?? ''}`
}

/** `38 ms`, `1.24 s`. */
export function formatMs(ms: number): string {
  if (ms >= 9_995) return `${(ms / 1000).toFixed(1)} s`
  if (ms >= 999.5) return `${(ms / 1000).toFixed(2)} s`
  return `${ms < 9.95 ? ms.toFixed(1) : ms.toFixed(0)} ms`
}

/** `12,345`, `–` for unknown. */
export function formatCount(count: number | null): string {
  return count === null ? '–' : withMinus((Math.round(count) + 0).toLocaleString('en-US'))
}

/** With this many decimals; a true minus sign, and none before a zero. */
export function signed(amount: number, decimals: number): string {
  const text = amount.toFixed(decimals)
  return Number(text) === 0 ? text.replace('-', '') : withMinus(text)
}

function withMinus(text: string): string {
  return text.replace('-', '−')
}

/** `12.3 %`, `–` where the whole is nothing. */
export function formatShare(part: number, whole: number): string {
  return whole > 0 ? `${signed((100 * part) / whole, 1)} %` : '–'
}

/** One line of text without control characters, at most `length` characters, whatever the value is or holds. */
export function printable(value: unknown, length: number): string {
  const escaped = escapeUnprintable(textOf(value))
  const characters = [...escaped]
  return characters.length <= length ? escaped : `${characters.slice(0, length - 1).join('')}…`
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : describe(value)
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|\p{Script=Han}/u
const COMBINING = /\p{M}/u

/** Columns that a printable text takes in a terminal: two for a character of East Asia and for an emoji. */
export function widthOf(text: string): number {
  // Nearly every cell is of plain letters and digits.
  if (/^[ -~]*$/.test(text)) return text.length
  return [...text].reduce(
    (width, character) => width + (COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1),
    0,
  )
}
