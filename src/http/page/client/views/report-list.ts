/** The reports kept in memory as a table, newest first, each to be shown or saved. */
import { formatBytes, formatCount, formatMs } from '../../../../support/units.js'
import { floorBytes, knownBytes, sumKnown } from '../../model/sum-known.js'
import type { AttributionReport } from '../../../../report/types.js'
import type { Problem } from '../../model/problem.js'
import type { ReportSummary } from '../../../admin/types.js'
import { make, onClick } from '../dom.js'
import type { PageState } from '../state.js'
import { columnHead, tableHead, unseen } from './table-head.js'
import { downloadLinks } from './totals.js'

/** The requests of the lists of reports. */
export interface ReportActions {
  /** Shows a report that is in no list, as it was; `source` says where it is from. */
  readonly showReport: (report: AttributionReport, source: string) => void
  readonly fail: (problem: Problem) => void
  readonly get: (id: string) => Promise<AttributionReport>
  /** Does it, and shows why it could not be done. */
  readonly tried: (action: () => Promise<void>) => Promise<void>
  /** Put this one into the table of the caches. */
  readonly show: (id: string) => void
  /** Back to the process now, after a report that was shown as it was. */
  readonly showNow: () => void
  readonly downloadText: (id: string) => void
}

/** Opens and closes; stays as the reader left it. */
let isOpen = false

/** The list. */
export function makeReportList({ reports, report }: PageState, actions: ReportActions): HTMLElement {
  const rows = (reports ?? []).toReversed().map((summary) => row(summary, summary.id === report?.id, actions))
  const details = make(
    'details',
    { class: 'reports', open: isOpen },
    make('summary', {}, rows.length === 1 ? 'The report as a table' : `All ${String(rows.length)} reports as a table`),
    make(
      'table',
      { role: 'table', class: 'table', 'aria-label': 'Reports' },
      tableHead(
        columnHead('', 'started'),
        columnHead('', 'mode'),
        columnHead('', 'started by'),
        columnHead('number', 'took'),
        columnHead('number', 'caches'),
        columnHead('number', 'in caches'),
        columnHead('number', 'floor'),
        columnHead(null, unseen('actions')),
      ),
      make('tbody', { role: 'rowgroup' }, ...rows),
    ),
  )
  details.addEventListener('toggle', () => {
    isOpen = details.open
  })
  return details
}

function row(summary: ReportSummary, isCurrent: boolean, actions: ReportActions): HTMLElement {
  const { id, startedAt, mode, trigger, durationMs, caches, floor } = summary
  const cell = (label: string, text: string, classes = ''): HTMLElement =>
    make('td', { role: 'cell', class: classes, 'data-label': label }, text)
  const show = make(
    'button',
    {
      type: 'button',
      class: 'link',
      disabled: isCurrent,
      'aria-label': isCurrent ? null : `Show the report of ${when(startedAt)}`,
    },
    isCurrent ? 'shown' : 'show',
  )
  onClick(show, () => {
    actions.show(id)
  })
  const inCaches = sumKnown(caches.map(({ released, estimated }) => knownBytes(estimated ?? released)))
  return make(
    'tr',
    { role: 'row', class: isCurrent ? 'is-current' : null },
    make('th', { role: 'rowheader', scope: 'row' }, when(startedAt)),
    cell('mode', mode),
    cell('started by', trigger),
    cell('took', formatMs(durationMs), 'number'),
    cell('caches', formatCount(caches.length), 'number'),
    cell('in caches', formatBytes(inCaches), 'number'),
    cell('floor', formatBytes(floorBytes(floor)), 'number'),
    make('td', { role: 'cell' }, make('div', { class: 'actions' }, show, ...downloadLinks(id, actions.downloadText))),
  )
}

function when(startedAt: string): string {
  return new Date(startedAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
}
