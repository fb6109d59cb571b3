/** Reports beyond the process now: one out of a file, two compared, and one saved without its names. */
import { anonymise } from '../../../../report/anonymise.js'
import { changesBetween, ownerChanges } from '../../../../report/diff-reports.js'
import type { Change } from '../../../../report/diff-reports.js'
import type { AttributionReport } from '../../../../report/types.js'
import { formatBytes, formatCount } from '../../../../support/units.js'
import { longName, shortName } from '../../model/names.js'
import { problemOfSilence } from '../../model/problem.js'
import { FILE_BYTES_MAX, reportInText } from '../../model/saved-report.js'
import { byId, make, onClick, saveAs, setText } from '../dom.js'
import type { PageState, PageStore } from '../state.js'
import type { ReportActions } from './report-list.js'
import { columnHead, rowHead, tableHead } from './table-head.js'

const ROWS_SHOWN = 50

/** Wires the view; what was loaded stays to be compared with. */
export function mountSavedReports(store: PageStore, actions: ReportActions): void {
  const loaded = new Map<string, AttributionReport>()
  const chooser = byId('load-report', HTMLInputElement)
  chooser.addEventListener('change', () => {
    const [file] = chooser.files ?? []
    if (file !== undefined)
      void actions.tried(() => load(file, loaded, actions)).then(() => showChoices(store.state, loaded))
  })
  const save = byId('save-anonymous', HTMLButtonElement)
  onClick(save, () => {
    const { report } = store.state
    if (report === null) return
    const text = JSON.stringify(anonymise(report), null, 1)
    saveAs(`report-${report.id.slice(0, 8)}-anonymous.json`, new Blob([text], { type: 'application/json' }))
  })
  store.watch(['report'], ({ report }) => {
    save.disabled = report === null
  })
  store.watch(['reports'], (state) => {
    showChoices(state, loaded)
  })
  byId('compare-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    void actions.tried(() => compare(loaded, actions))
  })
}

async function load(file: File, loaded: Map<string, AttributionReport>, actions: ReportActions): Promise<void> {
  const found = file.size > FILE_BYTES_MAX ? 'The file is larger than any report.' : reportInText(await file.text())
  const name = shortName(file.name)
  if (typeof found === 'string') {
    const problem = problemOfSilence(found)
    actions.fail({ ...problem, title: `${name} is not a report`, cure: 'Choose a report that was saved as JSON.' })
    return
  }
  loaded.set(`file:${name}`, found)
  actions.showReport(found, name)
}

/** The choices stay as they were chosen, as far as they are still there. */
function showChoices({ reports }: PageState, loaded: ReadonlyMap<string, AttributionReport>): void {
  const choices = [
    ...[...loaded].map(([value]) => ({ value, title: value.replace(/^file:/, '') })),
    ...(reports ?? []).toReversed().map(({ id, startedAt, mode }) => ({
      value: `id:${id}`,
      title: `${new Date(startedAt).toLocaleString()}, ${mode}`,
    })),
  ]
  const [newest, second] = choices
  for (const [id, fallback] of [
    ['compare-from', second],
    ['compare-to', newest],
  ] as const) {
    const select = byId(id, HTMLSelectElement)
    const before = select.value
    select.replaceChildren(...choices.map(({ value, title }) => make('option', { value }, title)))
    const isThere = choices.some(({ value }) => value === before)
    select.value = isThere ? before : (fallback?.value ?? newest?.value ?? '')
  }
  byId('compare', HTMLButtonElement).disabled = choices.length < 2
}

async function compare(loaded: ReadonlyMap<string, AttributionReport>, actions: ReportActions): Promise<void> {
  const chosen = (id: string): string => byId(id, HTMLSelectElement).value
  const get = (value: string): Promise<AttributionReport> => {
    const known = loaded.get(value)
    return known === undefined ? actions.get(value.replace(/^id:/, '')) : Promise.resolve(known)
  }
  const [before, after] = await Promise.all([get(chosen('compare-from')), get(chosen('compare-to'))])
  byId('comparison', HTMLElement).replaceChildren(...comparison(before, after))
}

function comparison(before: AttributionReport, after: AttributionReport): HTMLElement[] {
  const changes = [...changesBetween(before, after), ...ownerChanges(before, after)]
  const isBeyond = ({ change, uncertainty }: Change): boolean => Math.abs(change ?? 0) > (uncertainty ?? 0)
  const shown = changes.filter(isBeyond).toSorted((a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0))
  const others = changes.length - shown.length
  const rss = (report: AttributionReport): number => (report.twin?.before ?? report.before).rssBytes
  const span = `${new Date(before.startedAt).toLocaleString()} → ${new Date(after.startedAt).toLocaleString()}`
  const change = rss(after) - rss(before)
  const note = make('p', { class: 'memory-note', id: 'comparison-title' }, `Changes ${span}`)
  const words = `RSS ${formatBytes(rss(before))} → ${formatBytes(rss(after))} (${change > 0 ? '+' : ''}${formatBytes(change)}).`
  const rest =
    others === 0 ? '' : ` ${formatCount(others)} more did not change beyond their ±, or are in one report only.`
  const summary = make('p', {})
  setText(summary, `${words}${rest}`)
  if (shown.length === 0) return [note, summary]
  return [note, summary, table(shown.slice(0, ROWS_SHOWN))]
}

function table(changes: readonly Change[]): HTMLElement {
  return make(
    'table',
    { role: 'table', class: 'table owners', 'aria-labelledby': 'comparison-title' },
    tableHead(
      columnHead('cell-path', 'holder'),
      columnHead('number', 'change'),
      columnHead('number', '±'),
      columnHead('number', 'before'),
      columnHead('number', 'after'),
      columnHead('number', 'entries'),
    ),
    make('tbody', { role: 'rowgroup' }, ...changes.map(row)),
  )
}

function row({ name, before, after, change, uncertainty, entriesBefore, entriesAfter }: Change): HTMLElement {
  const cell = (label: string, text: string, classNames = 'number'): HTMLElement =>
    make(
      'td',
      { role: 'cell', class: text === '–' ? `${classNames} is-unknown` : classNames, 'data-label': label },
      text,
    )
  const entries =
    entriesBefore === null && entriesAfter === null
      ? '–'
      : `${formatCount(entriesBefore)} → ${formatCount(entriesAfter)}`
  return make(
    'tr',
    { role: 'row' },
    rowHead(longName(name)),
    cell('change', `${(change ?? 0) > 0 ? '+' : ''}${formatBytes(change)}`, 'cell-bytes number strong'),
    cell('±', formatBytes(uncertainty)),
    cell('before', formatBytes(before)),
    cell('after', formatBytes(after)),
    cell('entries', entries),
  )
}
