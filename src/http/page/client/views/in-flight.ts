/** Items that wait in the process: timers, suspended calls, sockets, streams. */
import { describeInFlight } from '../../../../report/discovery/format-in-flight.js'
import type { InFlight } from '../../../../report/discovery/types.js'
import { formatBytes, formatCount } from '../../../../support/units.js'
import { longName } from '../../model/names.js'
import { make } from '../dom.js'
import { columnHead, rowHead, tableHead } from './table-head.js'

/** A table of them; nothing where nothing waits, or the heap was not walked. */
export function inFlightTable(inFlight: readonly InFlight[]): HTMLElement[] {
  if (inFlight.length === 0) return []
  return [
    make(
      'p',
      { class: 'memory-note', id: 'in-flight-title' },
      'In flight: timers, suspended calls, sockets and streams, by the place of their function or by their class. Some of this memory may also be listed under its owner.',
    ),
    make(
      'table',
      { role: 'table', class: 'table owners', 'aria-labelledby': 'in-flight-title' },
      tableHead(
        columnHead('cell-path', 'in flight'),
        columnHead('number', 'count'),
        columnHead('number', 'holds'),
        columnHead('number', 'buffered'),
      ),
      make('tbody', { role: 'rowgroup' }, ...inFlight.map(row)),
    ),
  ]
}

function row(each: InFlight): HTMLElement {
  const cell = (label: string, text: string, classNames = 'number'): HTMLElement =>
    make('td', { role: 'cell', class: classNames, 'data-label': label }, text)
  return make(
    'tr',
    { role: 'row' },
    rowHead(longName(describeInFlight(each))),
    cell('count', formatCount(each.count)),
    cell('holds', formatBytes(each.retainedBytes), 'number strong'),
    cell('buffered', formatBytes(each.bufferedBytes)),
  )
}
