/** Growth: when the limit is reached, whether something leaks, and a verdict on each cache. */
import { isGrowing } from '../../../../report/trends/format-trends.js'
import type { Trend, Trends } from '../../../../report/trends/types.js'
import { formatBytes, formatCount } from '../../../../support/units.js'
import {
  floorWords,
  forecastWords,
  growthRows,
  intervalWords,
  isRateless,
  ratelessWords,
  rateWords,
  reasonWords,
} from '../../model/growth.js'
import type { GrowthRow } from '../../model/growth.js'
import { longName } from '../../model/names.js'
import { formatDuration } from '../../model/time.js'
import { byId, make, onClick } from '../dom.js'
import type { PageStore } from '../state.js'
import { columnHead, tableHead } from './table-head.js'

/** Caches that are shown until all are asked for. */
const ROWS_SHOWN = 20

/** Fills the section where the server has a history, and keeps it up to date. */
export function mountGrowth(store: PageStore): void {
  let showsAll = false
  const show = (trends: Trends | null): void => {
    byId('growth-section', HTMLElement).hidden = trends === null
    if (trends === null) return
    const content = contentOf(trends, showsAll, () => {
      showsAll = true
      show(store.state.trends)
    })
    byId('growth', HTMLElement).replaceChildren(...content)
  }
  store.watch(['trends'], ({ trends }) => {
    show(trends)
  })
}

function contentOf(trends: Trends, showsAll: boolean, showAll: () => void): HTMLElement[] {
  const { floor, forecast } = trends
  if (floor.readings === 0 && trends.caches.length === 0) {
    return [
      make('p', { class: 'empty' }, make('strong', {}, 'The history is empty yet.'), ' A run writes its first line.'),
    ]
  }
  const all = growthRows(trends)
  const rateless = [{ trend: floor }, ...all].flatMap(({ trend }) => (isRateless(trend) ? [trend] : []))
  const rows = showsAll ? all : all.filter(({ trend }) => !isRateless(trend))
  const shown = showsAll ? rows : rows.slice(0, ROWS_SHOWN)
  const hasFloor = showsAll || !isRateless(floor)
  const more = make('button', { type: 'button' }, `Show all ${formatCount(all.length)}`)
  onClick(more, showAll)
  return [
    ...(forecast === null ? [] : [make('p', { class: 'forecast' }, forecastWords(forecast, Date.now()))]),
    make('p', { class: isGrowing(floor) ? 'leak' : 'no-leak' }, floorWords(trends)),
    ...(hasFloor || shown.length > 0 ? [tableOf(hasFloor ? floor : null, shown)] : []),
    ...(rateless.length > 0 && !showsAll ? [make('p', { class: 'table-more soft' }, ratelessWords(rateless))] : []),
    ...(shown.length < all.length ? [make('p', { class: 'table-more' }, more)] : []),
  ]
}

function tableOf(floor: Trend | null, rows: readonly GrowthRow[]): HTMLElement {
  return make(
    'table',
    { role: 'table', class: 'table growth', 'aria-labelledby': 'growth-title' },
    tableHead(
      columnHead('cell-name', 'cache'),
      columnHead('', 'verdict'),
      columnHead('number', 'rate'),
      columnHead('number', '95 % interval'),
      columnHead('number', 'last'),
      columnHead('', 'seen'),
    ),
    make(
      'tbody',
      { role: 'rowgroup' },
      ...(floor === null ? [] : [row('floor (no cache)', floor, isGrowing(floor))]),
      ...rows.map(({ name, trend, isAccused }) => row(longName(name), trend, isAccused)),
    ),
  )
}

function row(name: string, trend: Trend, isAccused: boolean): HTMLElement {
  const { verdict, lastBytes, readings, spanHours, basis, lifetimes } = trend
  const cell = (label: string, text: string): HTMLElement =>
    make('td', { role: 'cell', class: 'number', 'data-label': label }, text)
  const processes = lifetimes > 1 ? `, ${formatCount(lifetimes)} processes` : ''
  return make(
    'tr',
    { role: 'row' },
    make('th', { role: 'rowheader', scope: 'row', class: 'cell-name' }, name),
    make('td', { role: 'cell' }, make('span', { class: 'verdict', 'data-accused': isAccused }, verdict)),
    cell('', rateWords(trend)),
    cell('95 %', intervalWords(trend)),
    cell('last', formatBytes(lastBytes)),
    make(
      'td',
      { role: 'cell', class: 'evidence' },
      make('div', {}, reasonWords(trend)),
      make(
        'div',
        { class: 'soft' },
        `${formatCount(readings)} ${basis} readings in ${formatDuration(spanHours * 3_600_000)}${processes}`,
      ),
    ),
  )
}
