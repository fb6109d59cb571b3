/** Heads of tables. Their roles are written out: a table that is laid out by other rules than a table's loses its own. */
import { make } from '../dom.js'
import type { Child } from '../dom.js'

/** The head of one column. */
export function columnHead(classes: string | null, ...content: readonly Child[]): HTMLElement {
  return make('th', { role: 'columnheader', scope: 'col', class: classes }, ...content)
}

/** Words that are heard and not seen. */
export function unseen(words: string): HTMLElement {
  return make('span', { class: 'visually-hidden' }, words)
}

/** The row of heads. */
export function tableHead(...cells: readonly HTMLElement[]): HTMLElement {
  return make('thead', { role: 'rowgroup' }, make('tr', { role: 'row' }, ...cells))
}

/** The head of a row: a name that may be long, or with more below it. */
export function rowHead(...content: readonly Child[]): HTMLElement {
  return make('th', { role: 'rowheader', scope: 'row', class: 'cell-path' }, ...content)
}
