/** One cache as a row of the table; kept as long as the cache is there, so that focus and selection stay. */
import { formatBytes, formatCount, formatMs, signed } from '../../../../support/units.js'
import { knownBytes } from '../../model/sum-known.js'
import { bytesPerEntry, ratioToClaim } from '../../model/cache-rows.js'
import type { CacheRow, RowState } from '../../model/cache-rows.js'
import { longName, shortName } from '../../model/names.js'
import type { Scale } from '../../model/scale.js'
import { formatAge } from '../../model/time.js'
import { make, onClick, setText } from '../dom.js'
import { makeBar } from './bar.js'

/** The requests of a row. */
export interface RowActions {
  tick(name: string, isTicked: boolean): void
  toggle(name: string): void
}

/** A row on the page. */
export interface RowElement {
  readonly element: HTMLTableRowElement
  readonly more: HTMLButtonElement
  show(row: CacheRow, scale: Scale, display: RowDisplay): void
}

/** The state that is the page's and not the cache's. */
interface RowDisplay {
  readonly isTicked: boolean
  readonly isExpanded: boolean
  readonly detailsId: string
}

/** State → words. */
const STATE_WORDS: Readonly<Record<RowState, string>> = {
  measured: 'measured',
  'within-noise': 'within noise',
  estimated: 'estimated',
  failed: 'failed',
  'timed-out': 'timed out',
  skipped: 'skipped',
  unmeasured: 'not measured',
  waiting: 'waiting',
  'just-measured': 'just measured',
}

/** An empty row for the cache of this name. */
export function makeRow(name: string, actions: RowActions): RowElement {
  const tick = make('input', { type: 'checkbox', 'aria-label': `Tick ${shortName(name)}` })
  tick.addEventListener('change', () => {
    actions.tick(name, tick.checked)
  })
  const more = make('button', { type: 'button', class: 'more', 'aria-label': `Details of ${shortName(name)}` })
  onClick(more, () => {
    actions.toggle(name)
  })
  const chart = make('td', { role: 'cell', class: 'cell-chart' })
  const cells = {
    bytes: cell('cell-bytes number strong', 'measured'),
    uncertainty: cell('number soft', '±'),
    claimed: cell('number', 'claimed'),
    ratio: cell('number', '÷ claimed'),
    entries: cell('number', 'entries'),
  }
  const stateWords = make('span')
  const stateAge = make('span')
  const state = make('span', { class: 'state' }, make('span', {}, stateWords, stateAge))
  const element = make(
    'tr',
    { role: 'row' },
    make('td', { role: 'cell', class: 'cell-tick' }, tick),
    make('th', { role: 'rowheader', scope: 'row', class: 'cell-name' }, nameOf(name)),
    chart,
    ...Object.values(cells),
    make('td', { role: 'cell', class: 'cell-state' }, state),
    make('td', { role: 'cell', class: 'cell-more' }, more),
  )
  let barKey = ''
  let stateBefore: RowState | null = null
  const show = (row: CacheRow, scale: Scale, { isTicked, isExpanded, detailsId }: RowDisplay): void => {
    tick.checked = isTicked
    more.setAttribute('aria-expanded', String(isExpanded))
    if (isExpanded) more.setAttribute('aria-controls', detailsId)
    else more.removeAttribute('aria-controls')
    const figures = barOf(row)
    const key = JSON.stringify([figures, scale])
    if (key !== barKey) chart.replaceChildren(makeBar(figures, scale))
    barKey = key
    setCell(cells.bytes, formatBytes(row.bytes))
    setCell(cells.uncertainty, row.uncertaintyBytes === null ? '–' : `± ${formatBytes(row.uncertaintyBytes)}`)
    setCell(cells.claimed, formatBytes(row.claimedBytes))
    setCell(cells.ratio, formatRatio(row))
    cells.ratio.classList.toggle('is-off', isFarOff(row))
    setCell(cells.entries, formatCount(row.entries))
    state.dataset['state'] = row.state
    setText(stateWords, STATE_WORDS[row.state])
    stateWords.classList.toggle('visually-hidden', isPlain(row))
    setText(stateAge, ageOf(row))
    element.classList.toggle('is-fresh', row.state === 'just-measured' && stateBefore !== 'just-measured')
    stateBefore = row.state
  }
  return { element, more, show }
}

/** Measured ÷ claimed, `4.53 ×`. */
function formatRatio(row: CacheRow): string {
  const ratio = ratioToClaim(row)
  return ratio === null ? '–' : `${signed(ratio, 2)} ×`
}

/** Other facts about a cache: labels and values. */
export function detailsOf(row: CacheRow): readonly (readonly [string, string])[] {
  const { attribution, view, traits } = row
  const perEntry = bytesPerEntry(row)
  const { instances = 1 } = attribution ?? {}
  return [
    ...(instances === 1 ? [] : [['Stands for', `${formatCount(instances)} caches`] as const]),
    ['Allocator', formatBytes(row.allocatedBytes)],
    ['JS heap', formatBytes(row.heapBytes)],
    ...(row.mappedBytes === null || row.mappedBytes === 0
      ? []
      : [['WebAssembly, resizable buffers', formatBytes(row.mappedBytes)] as const]),
    ['Bytes per entry', perEntry === null ? '–' : formatBytes(perEntry)],
    ...(view?.estimatedBytes == null
      ? []
      : [
          [
            'Now, by its entries',
            `${formatBytes(view.estimatedBytes)} ± ${formatBytes(view.estimatedUncertaintyBytes)}`,
          ] as const,
        ]),
    ...(attribution === null ? [] : attributionDetails(attribution)),
    ...(traits === null
      ? []
      : ([
          ['Cost to refill', traits.refillCost],
          ['Release loses', traits.lossless ? 'nothing' : 'data that cannot be restored'],
          ['In a twin', traits.twin ? 'yes' : 'never (twin: false)'],
          ['In the live process', traits.live ? 'may be released' : 'never released (live: false)'],
          ['Can drop a part', traits.trim ? 'yes' : 'no'],
        ] as const)),
  ]
}

function attributionDetails(row: NonNullable<CacheRow['attribution']>): readonly (readonly [string, string])[] {
  const { window, late, settled, pauseMs, durationMs, trim, released, returned } = row
  if (row.status === 'skipped') return []
  return [
    ['Entries before → after', `${formatCount(row.entriesBefore)} → ${formatCount(row.entriesAfter)}`],
    ...(trim === undefined
      ? []
      : ([
          ['Dropped', `${formatBytes(knownBytes(released))} in ${String(trim.batches)} parts`],
          ['Scaled by', trim.basis],
        ] as const)),
    [
      'Window',
      window === null
        ? '–'
        : window === 'atomic'
          ? 'atomic: one turn of the event loop'
          : 'averaged over turns (asynchronous release)',
    ],
    ...(settled === false ? [['Background work', 'was not quiescent in time'] as const] : []),
    ...(returned == null
      ? []
      : [
          [
            'RSS falls by',
            `${formatBytes(returned.residentBytes)} ± ${formatBytes(returned.uncertaintyBytes)}, once every freed page is given back`,
          ] as const,
        ]),
    ...(late === undefined ? [] : [['Freed in later turns', formatBytes(knownBytes(late))] as const]),
    ['Pause', formatMs(pauseMs)],
    ['Took', formatMs(durationMs)],
  ]
}

function barOf(row: CacheRow): Parameters<typeof makeBar>[0] {
  const { bytes, uncertaintyBytes, allocatedBytes, heapBytes, mappedBytes, claimedThenBytes, claimedBytes, state } = row
  return {
    bytes,
    uncertaintyBytes,
    allocatedBytes,
    heapBytes,
    mappedBytes,
    claimedBytes: claimedThenBytes ?? claimedBytes,
    isSoft: state === 'within-noise' || state === 'waiting',
    isEstimate: state === 'estimated',
  }
}

function nameOf(name: string): HTMLElement {
  const text = longName(name)
  return make('span', { class: 'name' }, make('span', { class: 'text', title: text }, text))
}

function ageOf({ measuredAt, state }: CacheRow): string {
  if (measuredAt === null || state === 'waiting') return ''
  const age = formatAge(Date.now() - Date.parse(measuredAt))
  return state === 'measured' ? age : `, ${age}`
}

/** Measured, and nothing else to say: its age alone stands for it. */
function isPlain({ state, measuredAt }: CacheRow): boolean {
  return state === 'measured' && measuredAt !== null
}

/** The cache's own figure is far from what it holds. */
function isFarOff(row: CacheRow): boolean {
  const ratio = ratioToClaim(row)
  return ratio !== null && (ratio >= FAR_OFF || ratio <= 1 / FAR_OFF)
}

const FAR_OFF = 1.5

function cell(name: string, label: string): HTMLTableCellElement {
  return make('td', { role: 'cell', class: name, 'data-label': label })
}

function setCell(element: HTMLElement, text: string): void {
  setText(element, text)
  element.classList.toggle('is-unknown', text === '–')
}
