/** The one table: who holds the memory, largest first, adding up to RSS. */
import type { Holding, Holdings } from '../../../../report/holdings/types.js'
import { formatBytes, formatCount, formatShare } from '../../../../support/units.js'
import { canFindOut } from '../../model/answer.js'
import { cachesWithoutRow } from '../../model/memory-table.js'
import { longName, shortName } from '../../model/names.js'
import { growthOfRow } from '../../model/row-growth.js'
import type { RowGrowth } from '../../model/row-growth.js'
import { byId, make, onClick, placeBar, replaceKept, setAttributes, setText } from '../dom.js'
import type { PageState, PageStore } from '../state.js'
import { growthSourcesOf } from './answer.js'
import { cacheRowOf, holderDetails } from './holder-details.js'
import { makeSparkline } from './sparkline.js'
import { columnHead, tableHead, unseen } from './table-head.js'

/** The requests of a row. */
export interface HolderActions {
  /** Releases a cache, measured; asks first. */
  release(name: string): void
}

const KINDS: Readonly<Record<Holding['kind'], string>> = {
  cache: 'cache',
  owner: 'owner',
  package: 'package',
  engine: 'engine',
  free: 'free',
  garbage: 'garbage',
  unknown: 'unknown',
}

const HINTS = {
  bytes: 'Resident bytes. All rows add up to RSS.',
  share: 'Share of RSS.',
  returned: 'The bytes by which RSS falls when the memory is released or given back, where that is known.',
} as const

/** Fills the table and keeps it up to date. */
export function mountHolders(store: PageStore, actions: HolderActions): void {
  const body = make('tbody', { role: 'rowgroup' })
  const table = tableElement(body)
  const rest = make('p', { class: 'table-more soft' })
  const kept = new Map<string, HolderRow>()
  store.watch(
    ['holdings', 'opened', 'trends', 'reports', 'readings', 'caches', 'status', 'run', 'discovery', 'pinned', 'report'],
    (state) => {
      const { holdings } = state
      if (holdings === null) return
      const place = byId('holders', HTMLElement)
      if (table.parentElement !== place) place.replaceChildren(table, rest)
      showNotes(holdings, rest, state)
      const sources = growthSourcesOf(state)
      const growths = holdings.rows.map((holding) => growthOfRow(holding, sources))
      const lines = holdings.rows.flatMap((holding, index) => {
        const row = kept.get(holding.key) ?? makeHolderRow(holding.key, store, actions)
        kept.set(holding.key, row)
        return row.show(holding, { index, holdings, growth: growths[index] ?? null, state })
      })
      replaceKept(body, lines)
      // A column of dashes says nothing.
      table.classList.toggle(
        'has-no-growth',
        growths.every((growth) => growth === null),
      )
      const present = new Set(holdings.rows.map(({ key }) => key))
      for (const key of kept.keys()) if (!present.has(key)) kept.delete(key)
    },
  )
}

function tableElement(body: HTMLElement): HTMLElement {
  return make(
    'table',
    { role: 'table', class: 'table holders', 'aria-labelledby': 'holders-title' },
    tableHead(
      columnHead('cell-name', 'holder'),
      columnHead('cell-chart', unseen('chart')),
      columnHead('number', 'bytes'),
      columnHead('number', 'share'),
      columnHead('cell-growth', 'growth'),
      columnHead('number', 'RSS falls by'),
      columnHead(null, unseen('details')),
    ),
    body,
  )
}

function showNotes(holdings: Holdings, rest: HTMLElement, state: PageState): void {
  const { caches, pinned } = state
  const cut = holdings.isCut
    ? '; the owners found hold more than is live now, so their bytes are reduced in proportion'
    : ''
  const when = pinned === null ? '' : ' of the report'
  setText(
    byId('holders-note', HTMLElement),
    `${formatCount(holdings.rows.length)} rows that add up to the ${formatBytes(holdings.rssBytes)} of RSS${when}${cut}`,
  )
  const unmeasured = pinned === null ? cachesWithoutRow(holdings, caches ?? []) : []
  rest.hidden = unmeasured.length === 0
  setText(rest, unmeasuredWords(unmeasured) + (canFindOut(state.status) ? ' “Find out” measures them.' : ''))
}

function unmeasuredWords(caches: readonly { readonly name: string; readonly claimedBytes: number | null }[]): string {
  const claims = caches.flatMap(({ claimedBytes }) => claimedBytes ?? [])
  const sum = claims.reduce((total, bytes) => total + bytes, 0)
  const names = caches.slice(0, 6).map(({ name }) => shortName(name))
  const more = caches.length > names.length ? ` and ${formatCount(caches.length - names.length)} more` : ''
  const claimed = claims.length === 0 ? '' : ` They claim ${formatBytes(sum)}.`
  return `Registered and not measured yet: ${names.join(', ')}${more}.${claimed}`
}

interface Shown {
  readonly index: number
  readonly holdings: Holdings
  readonly growth: RowGrowth | null
  readonly state: PageState
}

interface HolderRow {
  /** The row, and its details where it is open. */
  show(holding: Holding, shown: Shown): readonly HTMLElement[]
}

/** Kept as long as its holder is there, so that focus and selection stay. */
function makeHolderRow(key: string, store: PageStore, actions: HolderActions): HolderRow {
  const name = make('span', { class: 'holder-name' })
  const kind = make('span', { class: 'kind' })
  const fill = make('span', {})
  const bytes = cell('cell-bytes number strong', 'bytes')
  const share = cell('number', 'share')
  const growth = make('td', { role: 'cell', class: 'cell-growth', 'data-label': 'growth' })
  const returned = cell('number', 'RSS falls by')
  const more = make('button', { type: 'button', class: 'more' })
  onClick(more, () => {
    toggle(store, key)
  })
  const details = makeDetails(actions)
  const element = make(
    'tr',
    { role: 'row' },
    make('th', { role: 'rowheader', scope: 'row', class: 'cell-name' }, make('span', { class: 'holder' }, kind, name)),
    make('td', { role: 'cell', class: 'cell-chart' }, make('div', { class: 'share-bar', 'aria-hidden': 'true' }, fill)),
    bytes,
    share,
    growth,
    returned,
    make('td', { role: 'cell', class: 'cell-more' }, more),
  )
  const show = (holding: Holding, { index, holdings, growth: change, state }: Shown): readonly HTMLElement[] => {
    const isOpen = state.opened.has(key)
    const id = `holder-${String(index)}`
    element.dataset['kind'] = holding.kind
    setText(name, longName(holding.name))
    setText(kind, KINDS[holding.kind])
    placeBar(fill, 0, holding.bytes / Math.max(1, holdings.rows[0]?.bytes ?? 1))
    setCell(bytes, formatBytes(holding.bytes), bytesHint(holding, state))
    setCell(share, formatShare(holding.bytes, holdings.rssBytes), HINTS.share)
    setCell(returned, returnedWords(holding), HINTS.returned)
    showGrowth(growth, change)
    setAttributes(more, {
      'aria-expanded': String(isOpen),
      'aria-controls': isOpen ? id : null,
      'aria-label': `Details of ${shortName(holding.name)}`,
    })
    return isOpen ? [element, details(holding, id, { growth: change, state })] : [element]
  }
  return { show }
}

/** A cache has a figure of now besides the one that a run measured. */
function bytesHint(holding: Holding, state: PageState): string {
  const exact = `${holding.bytes.toLocaleString('en-US')} bytes. ${HINTS.bytes}`
  if (holding.kind !== 'cache' || state.pinned !== null) return exact
  const row = cacheRowOf(holding, state)
  const now = row?.view?.estimatedBytes ?? null
  if (row === null || now === null || row.bytes === null || formatBytes(now) === formatBytes(row.bytes)) return exact
  return `${exact} By its entries it holds ${formatBytes(now)} now; the run measured ${formatBytes(row.bytes)}.`
}

/** Opens a row, or closes it. */
function toggle(store: PageStore, key: string): void {
  const opened = new Set(store.state.opened)
  if (!opened.delete(key)) opened.add(key)
  store.set({ opened })
}

function makeDetails(
  actions: HolderActions,
): (holding: Holding, id: string, shown: Pick<Shown, 'growth' | 'state'>) => HTMLElement {
  const grid = make('dl', { class: 'detail-grid' })
  const button = make('button', { type: 'button' }, 'Release this cache …')
  const release = make('p', { class: 'detail-actions' }, button)
  const element = make('tr', { role: 'row', class: 'details' }, make('td', { role: 'cell', colspan: 7 }, grid, release))
  let cache = ''
  onClick(button, () => {
    actions.release(cache)
  })
  let shownBefore = ''
  return (holding, id, { growth, state }) => {
    const items = holderDetails(holding, growth, state)
    const text = JSON.stringify(items)
    if (text !== shownBefore) grid.replaceChildren(...items.map(detail))
    shownBefore = text
    element.id = id
    cache = holding.name
    const view = holding.kind === 'cache' ? cacheRowOf(holding, state)?.view : null
    const { status, run, pinned } = state
    release.hidden = view?.traits.live !== true || status?.modes.includes('release') !== true || pinned !== null
    button.disabled = status?.role !== 'operator' || run !== null
    return element
  }
}

const WIDE = new Set(['Name', 'Path', 'Script', 'Parts', 'How to act', 'Disagreement', 'Guide'])

function detail([label, value]: readonly [string, string]): HTMLElement {
  return make('div', { class: WIDE.has(label) ? 'wide' : null }, make('dt', {}, label), make('dd', {}, value))
}

function returnedWords({ returned }: Holding): string {
  if (returned === null) return '–'
  const { residentBytes, uncertaintyBytes } = returned
  return uncertaintyBytes !== null && Math.abs(residentBytes) <= uncertaintyBytes
    ? `≤ ${formatBytes(Math.max(0, residentBytes) + uncertaintyBytes)}`
    : formatBytes(residentBytes)
}

function showGrowth(element: HTMLElement, growth: RowGrowth | null): void {
  const key =
    growth === null ? '–' : `${growth.words} ${String(growth.points.length)} ${String(growth.points.at(-1)?.timeMs)}`
  if (element.dataset['shown'] === key) return
  element.dataset['shown'] = key
  element.classList.toggle('is-unknown', growth === null)
  element.classList.toggle('is-growing', growth?.isGrowing === true)
  element.title = growth === null ? 'Seen once: a second run, or a history, shows how it changes.' : growth.source
  element.replaceChildren(...(growth === null ? ['–'] : [makeSparkline(growth.points), make('span', {}, growth.words)]))
}

function cell(name: string, label: string): HTMLTableCellElement {
  return make('td', { role: 'cell', class: name, 'data-label': label })
}

function setCell(element: HTMLElement, text: string, hint: string): void {
  setText(element, text)
  element.title = hint
  element.classList.toggle('is-unknown', text === '–')
}
