/** The table of the caches, which is their chart too: largest first, with memory in no cache below. */
import { filterRows, joinRows, sortRows } from '../../model/cache-rows.js'
import type { CacheRow, SortKey } from '../../model/cache-rows.js'
import { scaleOf } from '../../model/scale.js'
import { byId, make, onClick, replaceKept, setAttributes, setText } from '../dom.js'
import type { PageState, PageStore } from '../state.js'
import { makeAxis } from './bar.js'
import { makeRow } from './cache-row.js'
import type { RowElement } from './cache-row.js'
import { makeDetails } from './cache-details.js'
import type { DetailActions, DetailsElement } from './cache-details.js'
import { makeFooter } from './table-footer.js'
import { columnHead, tableHead, unseen } from './table-head.js'

/** Rows that are shown until all are asked for. */
const ROWS_SHOWN = 50

const COLUMNS: readonly (readonly [title: string, classes: string, sort: SortKey | null])[] = [
  ['cache', 'cell-name', 'name'],
  ['', 'cell-chart', null],
  ['measured', 'number', 'bytes'],
  ['±', 'number', null],
  ['claimed', 'number', 'claimed'],
  ['÷ claimed', 'number', null],
  ['entries', 'number', 'entries'],
  ['last measured', '', 'age'],
]

/** Fills the table and keeps it up to date. */
export function mountCacheTable(store: PageStore, actions: DetailActions): void {
  const table = createTable(store, actions)
  mountTools(store)
  store.watch(
    ['caches', 'report', 'run', 'ticked', 'expanded', 'sort', 'filter', 'showsAll', 'tick', 'status'],
    (state) => {
      if (state.caches === null) return
      const { caches, run, report } = state
      const live =
        run === null ? null : { planned: run.planned ?? new Set<string>(), done: run.done, isTrim: run.mode === 'trim' }
      const rows = sortRows(joinRows(caches, report, live), state.sort)
      byId('table-tools', HTMLElement).hidden = rows.length === 0
      showIn(byId('cache-table', HTMLElement), rows.length === 0 ? [nothingRegistered()] : [table.element, table.more])
      if (rows.length > 0) table.show(rows, state)
    },
  )
}

/** Puts in what is not there yet; what is stays, with the focus in it. */
function showIn(place: HTMLElement, elements: readonly HTMLElement[]): void {
  if (elements.every((element) => element.parentElement === place)) return
  place.replaceChildren(...elements)
}

function mountTools(store: PageStore): void {
  const filter = byId('filter', HTMLInputElement)
  filter.addEventListener('input', () => {
    store.set({ filter: filter.value })
  })
  const sort = byId('sort', HTMLSelectElement)
  sort.addEventListener('change', () => {
    store.set({ sort: sort.value as SortKey })
  })
  store.watch(['sort'], (state) => {
    sort.value = state.sort
  })
}

interface Table {
  readonly element: HTMLElement
  readonly more: HTMLElement
  show(rows: readonly CacheRow[], state: PageState): void
}

function createTable(store: PageStore, actions: DetailActions): Table {
  const axisCell = columnHead('cell-chart')
  const head = headOf(store, axisCell)
  const body = make('tbody', { role: 'rowgroup', id: 'caches-body' })
  const foot = make('tfoot', { role: 'rowgroup' })
  const element = make(
    'table',
    { role: 'table', class: 'table caches', 'aria-labelledby': 'caches-title' },
    head,
    body,
    foot,
  )
  const more = make('p', { class: 'table-more' })
  const kept = new Map<string, RowElement>()
  const keptDetails = new Map<string, DetailsElement>()
  const rowOf = (name: string): RowElement => keep(kept, name, () => makeRow(name, rowActions(store)))
  const detailsOf = (name: string): DetailsElement => keep(keptDetails, name, () => makeDetails(name, actions))
  let axisKey = ''
  const show = (rows: readonly CacheRow[], state: PageState): void => {
    const found = filterRows(rows, state.filter)
    const shown = state.showsAll ? found : found.slice(0, ROWS_SHOWN)
    const scale = scaleOf(rows)
    if (axisKey !== JSON.stringify(scale)) axisCell.replaceChildren(unseen('chart'), makeAxis(scale))
    axisKey = JSON.stringify(scale)
    const lines = shown.flatMap((row, index) => {
      const isExpanded = state.expanded.has(row.name)
      const detailsId = `details-${String(index)}`
      const line = rowOf(row.name)
      line.show(row, scale, { isTicked: state.ticked.has(row.name), isExpanded, detailsId })
      if (!isExpanded) return [line.element]
      const details = detailsOf(row.name)
      details.show(row, detailsId, state)
      return [line.element, details.element]
    })
    replaceKept(body, lines)
    forget(new Set(rows.map(({ name }) => name)), kept, keptDetails)
    foot.replaceChildren(...makeFooter(state.report, scale))
    showMore(store, more, found.length, shown.length)
    showSort(head, state.sort)
  }
  return { element, more, show }
}

function keep<T>(kept: Map<string, T>, name: string, create: () => T): T {
  const there = kept.get(name) ?? create()
  kept.set(name, there)
  return there
}

function rowActions(store: PageStore): Parameters<typeof makeRow>[1] {
  const toggled = (set: ReadonlySet<string>, name: string, isIn: boolean): ReadonlySet<string> => {
    const copy = new Set(set)
    if (isIn) copy.add(name)
    else copy.delete(name)
    return copy
  }
  return {
    tick: (name, isTicked) => {
      store.set({ ticked: toggled(store.state.ticked, name, isTicked) })
    },
    toggle: (name) => {
      const { expanded } = store.state
      store.set({ expanded: toggled(expanded, name, !expanded.has(name)) })
    },
  }
}

function headOf(store: PageStore, axisCell: HTMLElement): HTMLElement {
  const cells = COLUMNS.map(([title, classes, sort]) => {
    if (title === '') return axisCell
    const cell = columnHead(classes)
    setAttributes(cell, { 'data-sort': sort })
    if (sort === null) {
      cell.append(title)
      return cell
    }
    const button = make('button', { type: 'button', class: 'sort' }, title)
    onClick(button, () => {
      store.set({ sort })
    })
    cell.append(button)
    return cell
  })
  return tableHead(columnHead('cell-tick', unseen('ticked')), ...cells, columnHead(null, unseen('details')))
}

function showSort(head: HTMLElement, sort: SortKey): void {
  for (const cell of head.querySelectorAll('[data-sort]')) {
    const isSorted = cell.getAttribute('data-sort') === sort
    if (isSorted) cell.setAttribute('aria-sort', sort === 'name' ? 'ascending' : 'descending')
    else cell.removeAttribute('aria-sort')
  }
}

function forget(names: ReadonlySet<string>, ...maps: readonly Map<string, unknown>[]): void {
  for (const map of maps) {
    for (const name of map.keys()) if (!names.has(name)) map.delete(name)
  }
}

function showMore(store: PageStore, more: HTMLElement, found: number, shown: number): void {
  more.hidden = found > 0 && found === shown
  if (found === 0) {
    more.replaceChildren('No name of a cache contains this text.')
    return
  }
  const [kept] = more.children
  const button = kept instanceof HTMLButtonElement ? kept : make('button', { type: 'button' })
  if (button !== kept) {
    onClick(button, () => {
      store.set({ showsAll: true })
    })
    more.replaceChildren(button)
  }
  setText(button, `Show all ${String(found)} (${String(found - shown)} more)`)
}

function nothingRegistered(): HTMLElement {
  return make(
    'p',
    { class: 'empty' },
    make('strong', {}, 'No cache is registered yet.'),
    ' Register the caches of the service, for instance ',
    make('code', {}, "coordinator.register('users', fromCache(users))"),
    '. “Find owners” shows the holders of memory that is not registered.',
  )
}
