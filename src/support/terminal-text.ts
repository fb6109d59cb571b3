/**
 * The one way of text to a terminal.
 *
 * Rule: what comes from outside (a service's answer, a file, a name, an environment) can print characters and nothing else: it
 * moves no cursor, sets no title or colour, turns no text around, and forges no line. A field goes through `printable()` where
 * a line is made of it; the whole output goes through `terminalText()` or `terminalJson()` on its way out, whatever was missed before.
 */

/** To the top, and everything below it away: no flicker. Taken at the beginning of a text alone. */
export const CLEAR_SCREEN = '\u001b[H\u001b[J'

/** Control characters of both ranges, format characters (bidi overrides, tags), line separators, halves of a character. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
/** The colours of `palette()`, line ends, and everything else that is no printable character. */
// eslint-disable-next-line no-control-regex -- these are what is let through
const COLOR_OR_UNPRINTABLE = /\u001b\[(?:0|1|2|31)m|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** `\u{9b}`: visible, and no command of a terminal. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, escaped)
}

/** Lines with this library's own colours; anything else that a terminal would obey is escaped. */
export function terminalText(text: string): string {
  const start = text.startsWith(CLEAR_SCREEN) ? CLEAR_SCREEN : ''
  const safe = text.slice(start.length).replace(COLOR_OR_UNPRINTABLE, (found) => {
    return found === '\n' || found.length > 2 ? found : escaped(found)
  })
  return start + safe
}

/** JSON, indented, in which every such character is an escape of JSON: it reads back as the same value. */
export function terminalJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(UNPRINTABLE, (found) => {
    if (found === '\n') return found
    return Array.from({ length: found.length }, (_, index) => {
      return `\\u${found.charCodeAt(index).toString(16).padStart(4, '0')}`
    }).join('')
  })
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
