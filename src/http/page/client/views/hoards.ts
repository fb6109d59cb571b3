/** Large collections that nobody registered: where they are, what they hold, how to reach them. */
import type { Discovery, Hoard } from '../../../../report/discovery/types.js'
import { packageOf } from '../../../../report/discovery/package-of.js'
import { formatBytes, formatCount, formatMs } from '../../../../support/units.js'
import { knownBytes } from '../../model/bytes.js'
import { longName } from '../../model/names.js'
import { scaleTo } from '../../model/scale.js'
import type { Scale } from '../../model/scale.js'
import { byId, make, onClick, setText } from '../dom.js'
import type { Runs } from '../runs.js'
import type { State, Store } from '../state.js'
import { makeAxis, makeBar } from './bar.js'
import { ownersTable } from './owners.js'
import { columnHead, tableHead, unseen } from './table-head.js'

/** Fills the section and keeps it up to date. */
export function mountHoards(store: Store, runs: Runs): void {
  const button = byId('discover', HTMLButtonElement)
  onClick(button, () => void runs.discover())
  store.watch(['status', 'isDiscovering', 'run'], ({ status, isDiscovering, run }) => {
    button.disabled = status?.twin.supported !== true || status.role !== 'operator' || isDiscovering || run !== null
    setText(button, isDiscovering ? 'Looking …' : 'Look for hoards')
  })
  store.watch(['discovery', 'status', 'isDiscovering'], (state) => {
    byId('hoards', HTMLElement).replaceChildren(...content(state))
  })
}

function content({ discovery, status, isDiscovering }: State): HTMLElement[] {
  if (isDiscovering)
    return [
      make(
        'p',
        { class: 'empty', role: 'status' },
        'A twin walks the heap for the owners of live memory, empties the large collections and measures each. This takes some seconds.',
      ),
    ]
  if (discovery !== null) return found(discovery)
  if (status !== null && !status.twin.supported) {
    return [
      make(
        'p',
        { class: 'empty' },
        `Hoards are looked for in a twin, and none can be had here: ${status.twin.reason ?? 'no reason given'}.`,
      ),
    ]
  }
  return [
    make(
      'p',
      { class: 'empty' },
      'Finds who holds the live memory, and the large Maps, Sets, arrays and caches that no module registered, in a twin: nothing is lost. Each is listed with the path that reaches it, so that it can be registered, or bounded.',
    ),
  ]
}

function found(discovery: Discovery): HTMLElement[] {
  const { hoards, examined, durationMs, warnings, recognised } = discovery
  const tookMs = durationMs.census + durationMs.naming + durationMs.measuring
  const searched = `${formatCount(examined.objects)} live objects looked at in ${formatMs(tookMs)}; ${formatCount(examined.collections)} collections, ${formatCount(recognised.length)} of them recognised as registered caches.`
  const notes = warnings.map(({ code, message }) =>
    make('li', {}, longName(message.replace(`${code}: `, '')), ' ', make('code', {}, code)),
  )
  return [
    ...ownersTable(discovery),
    hoards.length === 0
      ? make('p', { class: 'empty' }, make('strong', {}, 'No large collection is left unregistered.'))
      : make(
          'p',
          { class: 'memory-note' },
          'Large collections that nobody registered, each emptied in the twin and measured.',
        ),
    ...(hoards.length === 0 ? [] : [table(hoards)]),
    make('p', { class: 'memory-note' }, searched),
    ...(notes.length === 0 ? [] : [make('ul', { class: 'notes', 'aria-label': 'Warnings' }, ...notes)]),
  ]
}

function table(hoards: readonly Hoard[]): HTMLElement {
  const reach = ({ released, uncertaintyBytes }: Hoard): number => (knownBytes(released) ?? 0) + (uncertaintyBytes ?? 0)
  const scale = scaleTo(Math.max(0, ...hoards.map(reach)))
  return make(
    'table',
    { role: 'table', class: 'table hoards', 'aria-labelledby': 'hoards-title' },
    tableHead(
      columnHead('cell-path', 'path'),
      columnHead('cell-chart', unseen('chart'), makeAxis(scale)),
      columnHead('number', 'measured'),
      columnHead('number', '±'),
      columnHead('number', 'entries'),
      columnHead('', 'how to reach it'),
    ),
    make('tbody', { role: 'rowgroup' }, ...hoards.map((hoard) => row(hoard, hoards, scale))),
  )
}

function row(hoard: Hoard, hoards: readonly Hoard[], scale: Scale): HTMLElement {
  const { path, kind, className, entries, instances, released, uncertaintyBytes, significant } = hoard
  const bytes = knownBytes(released)
  const title = path === null ? `an unnamed ${className}` : longName(path)
  const what = [
    className === kind ? kind : `${className} (${kind})`,
    ...(instances > 1 ? [`${formatCount(instances)} of them`] : []),
  ]
  const bar = makeBar(
    { ...released, bytes, uncertaintyBytes, claimedBytes: null, isSoft: !significant, isEstimate: false },
    scale,
  )
  return make(
    'tr',
    { role: 'row' },
    make(
      'th',
      { role: 'rowheader', scope: 'row', class: 'cell-path' },
      title,
      make('div', { class: 'reach' }, what.join(', ')),
    ),
    make('td', { role: 'cell', class: 'cell-chart' }, bar),
    make('td', { role: 'cell', class: 'cell-bytes number strong', 'data-label': 'measured' }, formatBytes(bytes)),
    make(
      'td',
      { role: 'cell', class: 'number soft', 'data-label': '' },
      uncertaintyBytes === null ? '–' : `± ${formatBytes(uncertaintyBytes)}`,
    ),
    make('td', { role: 'cell', class: 'number', 'data-label': 'entries' }, formatCount(entries)),
    make('td', { role: 'cell', class: 'reach' }, ...howToReach(hoard, hoards)),
  )
}

function howToReach(
  { script, path, partOf, error, significant }: Hoard,
  hoards: readonly Hoard[],
): (string | HTMLElement)[] {
  if (error !== undefined)
    return [make('code', {}, error.code), ` ${longName(error.message.replace(`${error.code}: `, ''))}`]
  const around = partOf === null ? undefined : hoards[partOf]
  if (around !== undefined)
    return [
      `Part of ${around.path === null ? 'another hoard of this list' : longName(around.path)}; its bytes are in both.`,
    ]
  if (path === null) return ['No holder was found: a closure, or native code, keeps it.']
  const library = script === null ? null : packageOf(script)
  if (library !== null)
    return [`It belongs to ${longName(library)}: register the object of that package that keeps it.`]
  const where = script === null ? 'from the global object' : `in ${longName(script)}`
  return [
    `${significant ? 'Register' : 'Within the noise. To register'} it ${where}: `,
    make('code', {}, `fromCache(${lastName(path)})`),
  ]
}

/** `server.js › UserStore.byId` → `UserStore.byId`. */
function lastName(path: string): string {
  return longName(path.split(' › ').at(-1) ?? path)
}
