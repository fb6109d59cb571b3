/**
 * Help texts as wide as the terminal: paragraphs and descriptions are filled anew, and what goes on stands below its own column.
 *
 * Rule: a text that fits stays as it was written, and a line that is no prose, such as an example, is never joined with another. Pure.
 */
import { wrapText } from '../report/fit-lines.js'

/** `  --limit N          owners to list` */
const ENTRY = /^( {2,}\S+(?: \S+)*? {2,})(?=\S)/
/** A description stands to the right of the widest label, and below that where there is no room. */
const HANG_BELOW = 6

/** A paragraph, or one entry of a list. */
interface Block {
  readonly label: string
  /** Column in which lines that go on begin; null where none does. */
  readonly hang: number | null
  text: string
}

/** The text in lines of at most `width` columns. */
export function fitHelp(text: string, width: number): string {
  const lines = text.split('\n')
  if (lines.every((line) => line.length <= width)) return text
  return blocksOf(lines)
    .flatMap((block) => linesOf(block, width))
    .join('\n')
}

function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = []
  for (const line of lines) {
    const indent = indentOf(line)
    const above = blocks.at(-1)
    if (above !== undefined && line !== '' && above.text !== '' && above.hang === indent) {
      above.text += ` ${line.trim()}`
      continue
    }
    const label = ENTRY.exec(line)?.[1]
    if (label !== undefined) blocks.push({ label, hang: label.length, text: line.slice(label.length) })
    else blocks.push({ label: ' '.repeat(indent), hang: isProse(line) ? 0 : null, text: line.trim() })
  }
  return blocks
}

function isProse(line: string): boolean {
  return indentOf(line) === 0 && !line.startsWith('Usage:') && !line.endsWith(':')
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function linesOf({ label, text }: Block, width: number): string[] {
  if (label.length + text.length <= width) return [label + text]
  if (2 * label.length > width) {
    const hang = Math.min(HANG_BELOW, Math.floor(width / 2))
    return [...wrapText(label.trimEnd(), width), ...wrapText(text, width - hang).map((part) => ' '.repeat(hang) + part)]
  }
  const hang = label.trim() === '' && label.length > 0 ? label.length + 2 : label.length
  const [first = '', ...rest] = wrapText(text, width - hang)
  return [label + first, ...rest.map((part) => ' '.repeat(hang) + part)]
}
