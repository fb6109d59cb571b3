/** Who alone keeps the live memory of the process alive: found by the graph of its heap, measured where it can be emptied. */
import { describeOwner, describeShared, explainedLines } from '../../../../report/discovery/format-discovery.js'
import type { Discovery, LiveMemory, Owner } from '../../../../report/discovery/types.js'
import { formatBytes, formatCount, formatMs, formatShare, printable } from '../../../../support/units.js'
import { knownBytes } from '../../model/sum-known.js'
import { longName } from '../../model/names.js'
import { byId, make, onClick, setText } from '../dom.js'
import type { RunActions } from '../run-actions.js'
import type { PageState, PageStore } from '../state.js'
import { inFlightTable } from './in-flight.js'
import { packagesTable } from './packages.js'
import { columnHead, rowHead, tableHead } from './table-head.js'

const SENTENCE_LENGTH_MAX = 600

/** Fills the section and keeps it up to date. */
export function mountOwners(store: PageStore, runs: RunActions): void {
  const button = byId('discover', HTMLButtonElement)
  onClick(button, () => void runs.discover())
  store.watch(['status', 'run', 'twinTask'], ({ status, run, twinTask }) => {
    const isFree = run === null && twinTask === null
    button.disabled = status?.twin.supported !== true || status.role !== 'operator' || !isFree
    setText(button, isDiscovering(run) ? 'Finding …' : 'Find owners')
  })
  store.watch(['discovery', 'status', 'run'], (state) => {
    byId('owners', HTMLElement).replaceChildren(...content(state))
  })
}

function isDiscovering(run: PageState['run']): boolean {
  return run?.mode === 'discover'
}

function content({ discovery, status, run }: PageState): HTMLElement[] {
  const say = (words: string): HTMLElement[] => [make('p', { class: 'empty' }, words)]
  if (isDiscovering(run)) {
    const words =
      'A twin walks the heap, finds the owners of live memory, empties them and measures them. This takes some seconds.'
    return [make('p', { class: 'empty', role: 'status' }, words)]
  }
  if (discovery !== null) return found(discovery)
  if (status !== null && !status.twin.supported) {
    return say(`Owners are found in a twin, and no twin is available here: ${status.twin.reason ?? 'no reason given'}.`)
  }
  return say(
    'Finds the owners of live memory: collections, lists, listeners, timers, promises. Each owner is listed with the path that reaches it. Where that is safe, it is emptied and measured in a twin: the process loses nothing.',
  )
}

function found(discovery: Discovery): HTMLElement[] {
  const { owners, live, durationMs, warnings } = discovery
  const notes = [
    ...explainedLines(discovery).map((line) => make('li', {}, sentence(line))),
    ...owners.flatMap(({ disagreement }, place) =>
      disagreement === null ? [] : [make('li', {}, `Owner ${formatCount(place + 1)}: ${longName(disagreement)}.`)],
    ),
    ...(discovery.shared ?? []).map((shared) => make('li', {}, longName(`${describeShared(shared)}.`))),
    ...warnings.map(({ code, message }) => make('li', {}, longName(message), ' ', make('code', {}, code))),
  ]
  return [
    ...(live === null ? [] : table(discovery, live)),
    ...packagesTable(discovery.packages ?? []),
    ...inFlightTable(discovery.inFlight ?? []),
    make('p', { class: 'memory-note' }, `Took ${formatMs(durationMs.walking + durationMs.measuring)}, in a twin.`),
    ...(notes.length === 0 ? [] : [make('ul', { class: 'notes', 'aria-label': 'Notes' }, ...notes)]),
  ]
}

/** The words of the terminal as a sentence. */
function sentence(line: string): string {
  return `${line.slice(0, 1).toUpperCase()}${printable(line, SENTENCE_LENGTH_MAX).slice(1)}.`
}

function table({ owners, others }: Discovery, live: LiveMemory): HTMLElement[] {
  const caption = `Owners of the ${formatBytes(live.totalBytes)} of live memory: each alone keeps its part alive, and no byte is counted twice.`
  const owned = owners.reduce((bytes, { own }) => bytes + own.totalBytes, others.totalBytes)
  return [
    make('p', { class: 'memory-note' }, caption),
    make(
      'table',
      { role: 'table', class: 'table owners', 'aria-labelledby': 'owners-title' },
      tableHead(
        columnHead('cell-path', 'owner'),
        columnHead('number', 'holds'),
        columnHead('number', 'share'),
        columnHead('number', 'JS heap'),
        columnHead('number', 'buffers'),
        columnHead('number', 'released'),
        columnHead('number', 'RSS falls by'),
        columnHead('number', 'entries'),
      ),
      make(
        'tbody',
        { role: 'rowgroup' },
        ...owners.map((owner) => row(owner, owners, live)),
        ...(others.count === 0
          ? []
          : [totals(`${formatCount(others.count)} smaller owners`, others.totalBytes, live.totalBytes)]),
        totals('the rest: code, Node itself and small pieces', live.totalBytes - owned, live.totalBytes),
      ),
    ),
  ]
}

function row(owner: Owner, owners: readonly Owner[], { totalBytes }: LiveMemory): HTMLElement {
  const { own, entries, released, returned, uncertaintyBytes } = owner
  return make(
    'tr',
    { role: 'row' },
    rowHead(longName(describeOwner(owner)), make('div', { class: 'reach' }, longName(whereOf(owner, owners)))),
    cell('holds', formatBytes(own.totalBytes), 'cell-bytes number strong'),
    cell('share', formatShare(own.totalBytes, totalBytes)),
    cell('JS heap', formatBytes(own.heapBytes)),
    cell('buffers', formatBytes(own.memoryBytes)),
    cell(
      'released',
      released === null ? '–' : `${formatBytes(knownBytes(released))} ± ${formatBytes(uncertaintyBytes)}`,
    ),
    cell('RSS falls by', returned === null ? '–' : formatBytes(returned.residentBytes)),
    cell('entries', formatCount(entries)),
  )
}

function whereOf(
  { script, package: from, partOf, sharedBy = [], cache, released }: Owner,
  owners: readonly Owner[],
): string {
  const around = partOf === null ? undefined : owners[partOf]
  return [
    cache === null ? '' : 'a registered cache',
    script ?? '',
    from === null || from === 'node' ? '' : `package ${from}`,
    around === undefined ? '' : `in ${around.path ?? 'another owner of this list'}`,
    sharedBy.length === 0
      ? ''
      : `held by ${sharedBy.map((place) => owners[place]?.path ?? 'another owner of this list').join(' and ')} as well`,
    released === null ? 'sized by the heap graph alone: it cannot be emptied safely' : '',
  ]
    .filter((part) => part !== '')
    .join(', ')
}

function totals(name: string, bytes: number, totalBytes: number): HTMLElement {
  const blank = ['JS heap', 'buffers', 'released', 'RSS falls by', 'entries']
  return make(
    'tr',
    { role: 'row' },
    rowHead(name),
    cell('holds', formatBytes(bytes), 'cell-bytes number strong'),
    cell('share', formatShare(bytes, totalBytes)),
    ...blank.map((label) => cell(label, '–')),
  )
}

function cell(label: string, text: string, classNames = 'number'): HTMLElement {
  const known = text === '–' ? `${classNames} is-unknown` : classNames
  return make('td', { role: 'cell', class: known, 'data-label': label }, text)
}
