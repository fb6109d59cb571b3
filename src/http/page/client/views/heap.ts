/** The JS heap itself: live objects by class, and a snapshot to be opened in the browser's developer tools. */
import { describeLargest } from '../../../../report/discovery/place-of.js'
import { formatBytes, formatCount } from '../../../../support/units.js'
import { longName } from '../../model/names.js'
import type { ClassHistogram, ClassRow } from '../../../../twin/heap-snapshot/histogram.js'
import { byId, make, onClick, setText } from '../dom.js'
import type { RunActions } from '../run-actions.js'
import type { PageState, PageStore } from '../state.js'
import type { ConfirmDialog } from './confirm.js'
import { columnHead, rowHead, tableHead } from './table-head.js'

/** The warning before every string of the process leaves it. */
const SNAPSHOT = {
  title: 'Download a heap snapshot?',
  costs: [
    'It holds every object and every string of the process: passwords, tokens and data of users are in it.',
    'It is written in a twin: the process pauses for a fork, and the file is several times the size of the JS heap.',
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
  store.watch(['status', 'twinTask', 'run'], ({ status, twinTask, run }) => {
    const isFree = twinTask === null && run === null
    for (const button of [count, download]) {
      button.disabled = status?.twin.supported !== true || status.role !== 'operator' || !isFree
    }
    setText(count, twinTask === 'histogram' ? 'Counting …' : 'Count objects by class')
    setText(download, twinTask === 'snapshot' ? 'Taking …' : 'Download a snapshot …')
  })
  store.watch(['histogram', 'twinTask', 'status'], (state) => {
    byId('heap', HTMLElement).replaceChildren(content(state))
  })
}

function content({ histogram, twinTask, status }: PageState): HTMLElement {
  if (twinTask === 'histogram' || twinTask === 'snapshot')
    return make('p', { class: 'empty', role: 'status' }, 'A twin walks the heap. This takes some seconds.')
  if (histogram !== null) return table(histogram)
  const words =
    status !== null && !status.twin.supported
      ? `The heap is walked in a twin, and no twin is available here: ${status.twin.reason ?? 'no reason given'}.`
      : 'Counts the live objects of each class, or takes a snapshot for the browser’s developer tools. Both happen in a twin: the process goes on.'
  return make('p', { class: 'empty' }, words)
}

function table({ classes, engine = [], others, total }: ClassHistogram): HTMLElement {
  return make(
    'table',
    { role: 'table', class: 'table owners', 'aria-labelledby': 'heap-title' },
    tableHead(
      columnHead('cell-path', 'class'),
      columnHead('number', 'retained'),
      columnHead('number', 'shallow'),
      columnHead('number', 'objects'),
    ),
    make(
      'tbody',
      { role: 'rowgroup' },
      ...classes.map((each) => rowOf(each.className, each)),
      ...(others.classes === 0 ? [] : [row(`${formatCount(others.classes)} other classes`, { ...others, ...UNHELD })]),
      ...engine.map((each) => rowOf(each.what, each, 'of no class')),
      row('all objects', { count: total.nodes, shallowBytes: total.shallowBytes, ...UNHELD }),
    ),
  )
}

/** Sums: the bytes that they retain together are not known. */
const UNHELD = { retainedBytes: null } as const

function rowOf(name: string, each: ClassRow, kind = ''): HTMLElement {
  const place = describeLargest(each)
  const reach = place === '' ? '' : `${each.count === 1 ? 'reached by' : 'the largest is reached by'} ${place}`
  return row(name, each, [kind, reach].filter((part) => part !== '').join(', '))
}

function row(
  name: string,
  { count, shallowBytes, retainedBytes }: Pick<ClassRow, 'count' | 'shallowBytes' | 'retainedBytes'>,
  reach = '',
): HTMLElement {
  return make(
    'tr',
    { role: 'row' },
    rowHead(longName(name), ...(reach === '' ? [] : [make('div', { class: 'reach' }, longName(reach))])),
    cell('retained', formatBytes(retainedBytes), retainedBytes === null ? 'number is-unknown' : 'number strong'),
    cell('shallow', formatBytes(shallowBytes)),
    cell('objects', formatCount(count)),
  )
}

function cell(label: string, text: string, classNames = 'number'): HTMLElement {
  return make('td', { role: 'cell', class: classNames, 'data-label': label }, text)
}
