/** Who alone keeps the live memory of the process alive, by the graph of its heap. */
import { describeOwner } from '../../../../report/discovery/format-owners.js'
import type { Discovery, LiveMemory, Owner } from '../../../../report/discovery/types.js'
import { formatBytes, formatCount, formatShare } from '../../../../support/units.js'
import { longName } from '../../model/names.js'
import { make } from '../dom.js'
import { columnHead, tableHead } from './table-head.js'

/** A table of the owners with the rest of live memory; nothing where the heap was not walked. */
export function ownersTable({ owners, live }: Pick<Discovery, 'owners' | 'live'>): HTMLElement[] {
  if (live === null) return []
  const caption = `Owners of the ${formatBytes(live.totalBytes)} that live: each alone keeps its part alive, and no byte is counted twice.`
  return [
    make('p', { class: 'memory-note', id: 'owners-title' }, caption),
    make(
      'table',
      { role: 'table', class: 'table hoards', 'aria-labelledby': 'owners-title' },
      tableHead(
        columnHead('cell-path', 'owner'),
        columnHead('number', 'holds'),
        columnHead('number', 'share'),
        columnHead('number', 'JS heap'),
        columnHead('number', 'buffers'),
        columnHead('number', 'entries'),
      ),
      make('tbody', { role: 'rowgroup' }, ...owners.map((owner) => row(owner, live)), restRow(owners, live)),
    ),
  ]
}

function row(owner: Owner, { totalBytes }: LiveMemory): HTMLElement {
  const { own, entries, script, package: from } = owner
  const where = [script, from === null || from === 'node' ? null : `package ${from}`].filter((part) => part !== null)
  return cells(
    [longName(describeOwner(owner)), make('div', { class: 'reach' }, longName(where.join(', ')))],
    [own.totalBytes, own.heapBytes, own.memoryBytes],
    totalBytes,
    entries,
  )
}

function restRow(owners: readonly Owner[], { totalBytes }: LiveMemory): HTMLElement {
  const owned = owners.reduce((bytes, { own }) => bytes + own.totalBytes, 0)
  return cells(['the rest: code, Node itself and smaller owners'], [totalBytes - owned, null, null], totalBytes, null)
}

function cells(
  name: readonly (string | HTMLElement)[],
  [bytes, heapBytes, memoryBytes]: readonly [number, number | null, number | null],
  totalBytes: number,
  entries: number | null,
): HTMLElement {
  const cell = (label: string, text: string, classNames = 'number'): HTMLElement =>
    make('td', { role: 'cell', class: classNames, 'data-label': label }, text)
  return make(
    'tr',
    { role: 'row' },
    make('th', { role: 'rowheader', scope: 'row', class: 'cell-path' }, ...name),
    cell('holds', formatBytes(bytes), 'number strong'),
    cell('share', formatShare(bytes, totalBytes)),
    cell('JS heap', formatBytes(heapBytes)),
    cell('buffers', formatBytes(memoryBytes)),
    cell('entries', formatCount(entries)),
  )
}
