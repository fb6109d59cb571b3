/** The report that is shown, in a few figures; its warnings; and as files. */
import { knownSum } from '../../../../measure/figures.js'
import { heldByNone } from '../../../../report/held-by-none.js'
import type { AttributionReport } from '../../../../report/types.js'
import { formatBytes, formatCount, formatMs, formatShare } from '../../../../support/units.js'
import { floorBytes, knownBytes, sumKnown } from '../../model/sum-known.js'
import { longName } from '../../model/names.js'
import { formatAge } from '../../model/time.js'
import { addressOf, reportRoute } from '../api.js'
import { cures } from '../cures.js'
import { byId, make, onClick, setText } from '../dom.js'
import type { PageState, PageStore } from '../state.js'

/** Fills what stands around the table. */
export function mountTotals(store: PageStore, downloadText: (id: string) => void): void {
  store.watch(['report', 'caches', 'tick'], showSummary)
  store.watch(['report'], ({ report }) => {
    const totals = byId('totals', HTMLElement)
    totals.hidden = report === null
    totals.replaceChildren(...(report === null ? [] : tiles(report)))
    byId('report-notes', HTMLElement).replaceChildren(...(report === null ? [] : notes(report, downloadText)))
  })
}

function showSummary({ report, caches }: PageState): void {
  const registered = caches === null ? '' : `${formatCount(caches.length)} registered`
  if (report === null) {
    setText(
      byId('caches-summary', HTMLElement),
      caches === null || caches.length === 0 ? '' : `${registered}, none measured yet`,
    )
    return
  }
  const age = formatAge(Date.now() - Date.parse(report.startedAt) - report.durationMs)
  const how = report.mode === 'twin' ? 'in a twin' : `by ${report.mode}`
  setText(
    byId('caches-summary', HTMLElement),
    `${registered}, measured ${how} ${age}, took ${formatMs(report.durationMs)}`,
  )
}

function tiles(report: AttributionReport): HTMLElement[] {
  const { floor, unattributed, noise, before, caches, pauses, twin } = report
  const measured = sumKnown(caches.map(({ estimated, released }) => knownBytes(estimated ?? released)))
  const live = knownSum({ ...before, heapBytes: before.heapUsedBytes })
  const error =
    noise.controls === 0
      ? 'no null releases: the error bars are unknown'
      : `JS heap ± ${formatBytes(noise.heapBytes)}, of ${formatCount(noise.controls)} null releases`
  const pauseNote =
    twin === undefined
      ? `${formatCount(pauses.count)} pauses, ${formatMs(pauses.totalMs)} in all`
      : `of it the fork ${formatMs(twin.forkMs)}`
  const held = tile('Floor', formatBytes(floorBytes(floor)), `${heldByNone(report)}: a leak shows here`)
  const pause = tile('Longest pause', formatMs(twin?.pauseMs ?? pauses.longestMs), pauseNote)
  // Without caches nothing was released: there is no sum, no change and no noise.
  if (caches.length === 0) return [held, pause]
  return [
    tile(
      'In caches',
      formatBytes(measured),
      measured === null ? '' : `${formatShare(measured, live)} of ${formatBytes(live)} live`,
    ),
    held,
    tile('Unattributed', formatBytes(floorBytes(unattributed)), 'change that no row explains'),
    tile('Noise', `± ${formatBytes(noise.allocatedBytes)}`, error),
    pause,
  ]
}

function tile(title: string, figure: string, note: string): HTMLElement {
  return make(
    'div',
    {},
    make('dt', {}, title),
    make('dd', { class: 'figure' }, figure),
    make('dd', { class: 'note' }, note),
  )
}

function notes(report: AttributionReport, downloadText: (id: string) => void): HTMLElement[] {
  const { warnings, id } = report
  const items = warnings.map(({ code, message }) => {
    const cure = cures[code]
    return make(
      'li',
      {},
      longName(message),
      cure === undefined ? null : make('span', { class: 'soft' }, ` ${cure}`),
      ' ',
      make('code', {}, code),
    )
  })
  const list = items.length === 0 ? [] : [make('ul', { class: 'notes', 'aria-label': 'Warnings' }, ...items)]
  return [...list, make('p', { class: 'downloads' }, 'This report as a file:', ...downloadLinks(id, downloadText))]
}

/** The report as JSON, by its own address, and as the terminal's table. */
export function downloadLinks(id: string, downloadText: (id: string) => void): HTMLElement[] {
  const short = id.slice(0, 8)
  const text = make('button', { type: 'button', class: 'link', 'aria-label': `Report ${short} as text` }, 'text')
  onClick(text, () => {
    downloadText(id)
  })
  const address = addressOf(reportRoute(id))
  return [
    make('a', { href: address, download: `report-${short}.json`, 'aria-label': `Report ${short} as JSON` }, 'JSON'),
    text,
  ]
}
