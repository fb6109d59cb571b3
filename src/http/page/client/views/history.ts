/** The reports kept in memory: a line for each cache and for the floor, and the list of the reports. */
import { formatBytes } from '../../../../support/units.js'
import { chartDataOf } from '../../model/chart-lines.js'
import { historyOf } from '../../model/history.js'
import type { History, HistoryLine } from '../../model/history.js'
import type { ReportSummary } from '../../../admin/types.js'
import { longName } from '../../model/names.js'
import { byId, make, onClick, setText } from '../dom.js'
import type { Trend, Trends } from '../../../../report/trends/types.js'
import type { PageStore } from '../state.js'
import { createChart } from './chart.js'
import type { Chart } from './chart.js'
import { makeReportList } from './report-list.js'
import type { ReportActions } from './report-list.js'

/** Distinct for colour-blind readers; the seventh line takes the first again. */
const COLORS = ['--heap-used', '--fragmentation', '--good', '--spare', '--live', '--heap-free']
const SHOWN_FIRST = 5
const LISTED_MAX = 40

/** The parts of the section once there is a report. */
interface HistoryView {
  readonly root: readonly HTMLElement[]
  readonly show: () => void
}

/** Fills the section and keeps it up to date; gives what redraws it in new colours. */
export function mountHistory(store: PageStore, actions: ReportActions): () => void {
  const view = createView(store, actions)
  store.watch(['reports', 'report', 'trends'], ({ reports, status }) => {
    const count = reports?.length ?? 0
    setText(byId('history-summary', HTMLElement), count === 0 ? '' : summaryOf(reports ?? [], status?.process.pid))
    const place = byId('history', HTMLElement)
    if (count === 0) {
      place.replaceChildren(
        make(
          'p',
          { class: 'empty' },
          make('strong', {}, 'No report yet.'),
          ' Measure once for a first point, and again later for a line: each cache over time, and the floor, in which a leak shows.',
        ),
      )
      return
    }
    if (view.root[0]?.parentElement !== place) place.replaceChildren(...view.root)
    view.show()
  })
  return view.show
}

function summaryOf(reports: readonly ReportSummary[], pid: number | undefined): string {
  const count = `${String(reports.length)} ${reports.length === 1 ? 'report' : 'reports'}`
  const past = reports.filter((report) => report.pid !== pid).length
  return past === 0 ? `${count} kept in memory` : `${count}, ${String(past)} of them of earlier processes`
}

function createView(store: PageStore, actions: ReportActions): HistoryView {
  const chartPlace = make('div', {
    class: 'chart',
    role: 'img',
    'aria-label': 'Lines over time; the same figures are in the table of reports below',
  })
  const when = make('p', { class: 'lines-when' })
  const lines = make('div', { class: 'lines', role: 'group', 'aria-label': 'Lines of the chart' })
  const reports = make('div', { class: 'reports' })
  const side = make('div', {}, when, lines)
  const root = [make('div', { class: 'history-layout' }, chartPlace, side), reports]
  const hidden = new Map<string, boolean>()
  let history: History | null = null
  let times: readonly number[] = []
  const showCursor = (index: number | null): void => {
    // The ends of trends are moments of the chart too, at which nothing was read.
    const reading = index === null || history === null ? -1 : history.times.indexOf(times[index] ?? NaN)
    if (history !== null) showFigures(when, lines, history, reading === -1 ? null : reading)
  }
  const chart = createChart(chartPlace, showCursor)
  const show = (): void => {
    history = historyOf(store.state.reports ?? [])
    const shown = linesOf(history, hidden)
    times = drawLines(chart, history, shown, store.state.trends)
    lines.replaceChildren(
      ...shown.map(({ line, color, isShown }) =>
        lineButton(line, color, isShown, () => {
          hidden.set(line.name, isShown)
          show()
          focusLine(lines, line.name)
        }),
      ),
    )
    showCursor(null)
    reports.replaceChildren(makeReportList(store.state, actions))
  }
  return { root, show }
}

interface ShownLine {
  readonly line: HistoryLine
  readonly color: string
  readonly isShown: boolean
}

/** The floor and the largest first; what the reader has pressed stays as it was pressed. */
function linesOf({ floor, caches }: History, hidden: ReadonlyMap<string, boolean>): ShownLine[] {
  return [floor, ...caches.slice(0, LISTED_MAX)].map((line, index) => ({
    line,
    color: line === floor ? '--ink' : (COLORS[(index - 1) % COLORS.length] ?? '--ink'),
    isShown: !(hidden.get(keyOf(line)) ?? index > SHOWN_FIRST),
  }))
}

function keyOf({ name }: HistoryLine): string {
  return name
}

/** Returns the moments of the chart. */
function drawLines(
  chart: Chart,
  { times, floor }: History,
  shown: readonly ShownLine[],
  trends: Trends | null,
): readonly number[] {
  const trendOf = ({ name }: HistoryLine): Trend | null =>
    trends?.caches.find((candidate) => candidate.name === name)?.trend ?? null
  const data = chartDataOf(
    times,
    shown
      .filter(({ isShown }) => isShown)
      .map(({ line, color }) => {
        const isFloor = line === floor
        return { values: line.values, color, isFloor, trend: isFloor ? (trends?.floor ?? null) : trendOf(line) }
      }),
  )
  chart.show(data)
  return data.times
}

function lineButton({ name }: HistoryLine, color: string, isShown: boolean, toggle: () => void): HTMLElement {
  const swatch = make('i', { class: 'swatch' })
  if (isShown) swatch.style.background = `var(${color})`
  const button = make(
    'button',
    { type: 'button', 'aria-pressed': String(isShown), 'data-line': name },
    swatch,
    make('span', { class: 'text' }, longName(name)),
    make('span', { class: 'figure' }),
  )
  onClick(button, toggle)
  return button
}

function showFigures(
  when: HTMLElement,
  lines: HTMLElement,
  { times, floor, caches }: History,
  index: number | null,
): void {
  const time = index === null ? undefined : times[index]
  setText(
    when,
    time === undefined ? 'Latest figures; press a line to hide or show it' : new Date(1000 * time).toLocaleString(),
  )
  for (const [position, line] of [floor, ...caches.slice(0, LISTED_MAX)].entries()) {
    const figure = lines.children[position]?.querySelector('.figure')
    const value = time === undefined || index === null ? line.lastBytes : (line.values[index] ?? null)
    if (figure != null) setText(figure, formatBytes(value))
  }
}

function focusLine(lines: HTMLElement, name: string): void {
  for (const button of lines.children) {
    if (button instanceof HTMLButtonElement && button.dataset['line'] === name) button.focus()
  }
}
