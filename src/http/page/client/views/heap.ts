/** The JS heap itself: live objects by class, and a snapshot to be opened in the browser's developer tools. */
import { describeLargest } from '../../../../report/discovery/place-of.js'
import { formatBytes, formatCount } from '../../../../support/units.js'
import { longName } from '../../model/names.js'
import type { ClassHistogram } from '../../../../twin/heap-snapshot/histogram.js'
import { byId, make, onClick, setText } from '../dom.js'
import type { RunActions } from '../run-actions.js'
import type { PageState, PageStore } from '../state.js'
import type { ConfirmDialog } from './confirm.js'
import { columnHead, tableHead } from './table-head.js'

/** The warning before every string of the process leaves it. */
const SNAPSHOT = {
  title: 'Download a heap snapshot?',
  costs: [
    'It holds every object and every string of the process: passwords, tokens and data of users are in it.',
    'It is written in a twin: the process pauses for a fork, and the file is some times the size of the JS heap.',
  ],
  action: 'Take and download',
} as const

/** Fills the section and keeps it up to date. */
export function mountHeap(store: PageStore, runs: RunActions, dialog: ConfirmDialog): void {
  const count = byId('histogram', HTMLButtonElement)
  const download = byId('snapshot', HTMLButtonElement)
  onClick(count, () => void runs.countClasses())
  onClick(download, () => {
    void dialog
      .ask(SNAPSHOT, 'Chrome’s developer tools open it: Memory, Load profile.')
      .then((isWanted) => (isWanted ? runs.downloadSnapshot() : undefined))
  })
  store.watch(['status', 'heapTask', 'run'], ({ status, heapTask, run }) => {
    const isFree = heapTask === null && run === null
    for (const button of [count, download]) {
      button.disabled = status?.twin.supported !== true || status.role !== 'operator' || !isFree
    }
    setText(count, heapTask === 'histogram' ? 'Counting …' : 'Count objects by class')
    setText(download, heapTask === 'snapshot' ? 'Taking …' : 'Download a snapshot …')
  })
  store.watch(['histogram', 'heapTask', 'status'], (state) => {
    byId('heap', HTMLElement).replaceChildren(content(state))
  })
}

function content({ histogram, heapTask, status }: PageState): HTMLElement {
  if (heapTask !== null)
    return make('p', { class: 'empty', role: 'status' }, 'A twin walks the heap. This takes some seconds.')
  if (histogram !== null) return table(histogram)
  const words =
    status !== null && !status.twin.supported
      ? `The heap is walked in a twin, and none can be had here: ${status.twin.reason ?? 'no reason given'}.`
      : 'Counts the live objects of each class, or takes a snapshot for the browser’s developer tools; in a twin, so that the process goes on.'
  return make('p', { class: 'empty' }, words)
}

function table({ classes, others, total }: ClassHistogram): HTMLElement {
  const cell = (label: string, text: string, classNames = 'number'): HTMLElement =>
    make('td', { role: 'cell', class: classNames, 'data-label': label }, text)
  const row = (name: string, objects: number, bytes: number, heldBytes: number | null, reach = ''): HTMLElement =>
    make(
      'tr',
      { role: 'row' },
      make(
        'th',
        { role: 'rowheader', scope: 'row', class: 'cell-path' },
        name,
        ...(reach === '' ? [] : [make('div', { class: 'reach' }, longName(reach))]),
      ),
      cell('held', formatBytes(heldBytes), heldBytes === null ? 'number is-unknown' : 'number strong'),
      cell('own', formatBytes(bytes)),
      cell('objects', formatCount(objects)),
    )
  return make(
    'table',
    { role: 'table', class: 'table owners', 'aria-labelledby': 'heap-title' },
    tableHead(
      columnHead('cell-path', 'class'),
      columnHead('number', 'held, with what it alone reaches'),
      columnHead('number', 'own bytes'),
      columnHead('number', 'objects'),
    ),
    make(
      'tbody',
      { role: 'rowgroup' },
      ...classes.map((each) =>
        row(longName(each.className), each.count, each.shallowBytes, each.retainedBytes, reachOf(each)),
      ),
      row(`${formatCount(others.classes)} other classes`, others.count, others.shallowBytes, null),
      row('all objects', total.nodes, total.shallowBytes, null),
    ),
  )
}

function reachOf(row: ClassHistogram['classes'][number]): string {
  const place = describeLargest(row)
  return place === '' ? '' : `${row.count === 1 ? 'reached by' : 'the largest is reached by'} ${place}`
}
