/** Names as the page shows them: one line, bounded, whatever a cache is called. */
import { printable } from '../../../support/units.js'

/** For a sentence, a label or a button. */
export function shortName(name: string): string {
  return printable(name, 48)
}

/** For a cell of its own. */
export function longName(name: string): string {
  return printable(name, 160)
}
