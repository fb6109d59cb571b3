/**
 * Lines as wide as they may be: what is longer goes on in the next line, broken where a reader would break it. Pure.
 *
 * Rule: nothing is left out. A word is cut only where it alone is too long.
 */
import { widthOf } from '../support/units.js'

/** Colours of `palette()`, which take no room. */
// eslint-disable-next-line no-control-regex -- these are what is meant
const COLOR = /\u001b\[\d+m/g
/** `noise         ± 22 KiB`, `package  holds`: what goes on stands below the value. */
const LABEL = /^\S+(?: \S+)?\s{2,}/
const INDENT = 2

/** The lines of a text in lines of at most `width` columns. */
export function fitLines(lines: readonly string[], width: number): string[] {
  if (width === Infinity) return [...lines]
  return lines.flatMap((line) => {
    if (shownWidth(line) <= width) return [line]
    const label = LABEL.exec(line)?.[0] ?? ''
    const hangs = label !== '' && label.length < width / 2
    const start = hangs ? label : (/^ */.exec(line)?.[0] ?? '')
    const indent = hangs ? label.length : Math.min(start.length + INDENT, Math.floor(width / 2))
    const [first = '', ...rest] = wrapText(line.slice(start.length), width - indent)
    return [start + first, ...rest.map((part) => ' '.repeat(indent) + part)]
  })
}

/** Parts of a text as one, an empty line between those that have lines. */
export function fitParts(parts: readonly (readonly string[])[], width: number): string {
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => fitLines(lines, width).join('\n').trimEnd())
    .join('\n\n')
}

/** A text in lines of at most `width` columns: broken between words, before `›`, and where there is no place, anywhere. */
export function wrapText(text: string, width: number): string[] {
  if (shownWidth(text) <= width) return [text]
  const lead = /^ */.exec(text)?.[0] ?? ''
  if (lead !== '' && lead.length < width / 2) {
    return wrapText(text.slice(lead.length), width - lead.length).map((line) => lead + line)
  }
  const lines: string[] = []
  let line = ''
  for (const word of wordsOf(text)) {
    const joined = line === '' ? word : `${line} ${word}`
    if (shownWidth(joined) <= width) line = joined
    else {
      if (line !== '') lines.push(line)
      const pieces = piecesOf(word, width)
      lines.push(...pieces.slice(0, -1))
      line = pieces.at(-1) ?? ''
    }
  }
  return [...lines, line]
}

/** Several blanks in a row are kept: they separate. */
function wordsOf(text: string): string[] {
  return text.split(/(?<=\S) (?=\S)/).reduce<string[]>((words, word) => {
    const before = words.at(-1)
    if (before === '›') words[words.length - 1] = `› ${word}`
    else words.push(word)
    return words
  }, [])
}

/** At the borders of a path's parts where that is enough. */
function piecesOf(word: string, width: number): string[] {
  if (shownWidth(word) <= width || word.includes('\u001b')) return [word]
  const pieces: string[] = []
  let piece = ''
  for (const part of word.split(/(?=[./[(])/).flatMap((each) => cut(each, width))) {
    if (widthOf(piece + part) > width) {
      pieces.push(piece)
      piece = ''
    }
    piece += part
  }
  return [...pieces, piece]
}

function cut(text: string, width: number): string[] {
  if (widthOf(text) <= width) return [text]
  const pieces: string[] = ['']
  for (const character of text) {
    const last = pieces.at(-1) ?? ''
    if (widthOf(last + character) > width) pieces.push(character)
    else pieces[pieces.length - 1] = last + character
  }
  return pieces
}

function shownWidth(text: string): number {
  return widthOf(text.replaceAll(COLOR, ''))
}
