/** A table by the columns in which the terminal shows the same: what is measured on request, of threads and of processes. */
import type { TableColumn } from '../../../../report/format-table.js'
import { byId, make, onClick, setText } from '../dom.js'
import type { Child } from '../dom.js'
import type { PageState, PageStore, TwinTask } from '../state.js'
import { columnHead, rowHead, tableHead } from './table-head.js'

const UNKNOWN = '–'

/** Rows under a caption; nothing where there are none. The first column names the row. */
export function columnTable<Row>(caption: string, columns: readonly TableColumn<Row>[], rows: readonly Row[]): Child[] {
  if (rows.length === 0) return []
  const classOf = ({ alignsLeft = false }: TableColumn<Row>): string => (alignsLeft ? '' : 'number')
  return [
    make(
      'table',
      { role: 'table', class: 'table owners' },
      make('caption', {}, caption),
      tableHead(
        ...columns.map((column, place) => columnHead(place === 0 ? 'cell-path' : classOf(column), column.title)),
      ),
      make(
        'tbody',
        { role: 'rowgroup' },
        ...rows.map((row) =>
          make(
            'tr',
            { role: 'row' },
            ...columns.map((column, place) => {
              const text = column.cell(row)
              if (place === 0) return rowHead(text)
              const kind = text === UNKNOWN ? `${classOf(column)} is-unknown` : classOf(column)
              return make('td', { role: 'cell', class: kind, 'data-label': column.title }, text)
            }),
          ),
        ),
      ),
    ),
  ]
}

/** Lines that ask for attention; nothing where there are none. */
export function noteList(name: string, lines: readonly string[]): Child[] {
  if (lines.length === 0) return []
  return [make('ul', { class: 'notes', 'aria-label': name }, ...lines.map((line) => make('li', {}, line)))]
}

/** A view that a button fills. */
export interface MeasuredView<Result> {
  readonly task: TwinTask
  /** Ids in page.html. */
  readonly button: string
  readonly content: string
  /** Of the button, and while it works. */
  readonly words: { readonly ask: string; readonly asking: string; readonly meanwhile: string; readonly before: string }
  readonly result: (state: PageState) => Result | null
  readonly show: (result: Result) => Child[]
  readonly measure: () => Promise<void>
}

/** Fills the section and keeps it up to date. */
export function mountMeasured<Result>(store: PageStore, view: MeasuredView<Result>): void {
  const { task, words } = view
  const button = byId(view.button, HTMLButtonElement)
  onClick(button, () => void view.measure())
  store.watch(['status', 'run', 'twinTask'], ({ status, run, twinTask }) => {
    button.disabled = status?.twin.supported !== true || status.role !== 'operator' || run !== null || twinTask !== null
    setText(button, twinTask === task ? words.asking : words.ask)
  })
  store.watch(['threads', 'cluster', 'status', 'twinTask'], (state) => {
    const result = view.result(state)
    const say = (text: string): Child[] => [make('p', { class: 'empty' }, text)]
    const children =
      state.twinTask === task
        ? [make('p', { class: 'empty', role: 'status' }, words.meanwhile)]
        : result !== null
          ? view.show(result)
          : state.status?.twin.supported === false
            ? say(
                `They are measured in twins, and no twin is available here: ${state.status.twin.reason ?? 'no reason given'}.`,
              )
            : say(words.before)
    byId(view.content, HTMLElement).replaceChildren(...children.filter((child) => child !== null))
  })
}
