/** The cost of each package: code, data, and of Node itself native memory, too. */
import { describeParts, namePackage } from '../../../../report/discovery/format-packages.js'
import type { PackageCost } from '../../../../report/discovery/types.js'
import { formatBytes, formatCount, formatShare } from '../../../../support/units.js'
import { longName } from '../../model/names.js'
import { make } from '../dom.js'
import { columnHead, rowHead, tableHead } from './table-head.js'

const SHOWN_MOST = 12

/** A table of the largest, with the others in one line; nothing where the heap was not walked. */
export function packagesTable(packages: readonly PackageCost[]): HTMLElement[] {
  if (packages.length === 0) return []
  const whole = bytesOf(packages)
  const others = packages.slice(SHOWN_MOST)
  return [
    make(
      'p',
      { class: 'memory-note', id: 'packages-title' },
      'By package: the same live memory, divided by package. The memory of the owners is included.',
    ),
    make(
      'table',
      { role: 'table', class: 'table owners', 'aria-labelledby': 'packages-title' },
      tableHead(
        columnHead('cell-path', 'package'),
        columnHead('number', 'holds'),
        columnHead('number', 'share'),
        columnHead('number', 'owned'),
        columnHead('number', 'native'),
      ),
      make(
        'tbody',
        { role: 'rowgroup' },
        ...packages.slice(0, SHOWN_MOST).map((cost) => row(cost, whole)),
        ...(others.length === 0 ? [] : [rowOfOthers(others, whole)]),
      ),
    ),
  ]
}

function row(cost: PackageCost, whole: number): HTMLElement {
  const { totalBytes, ownedBytes, nativeBytes = null } = cost
  return line(
    [longName(namePackage(cost)), make('div', { class: 'reach' }, describeParts(cost))],
    [formatBytes(totalBytes), formatShare(totalBytes, whole), formatBytes(ownedBytes), formatBytes(nativeBytes)],
  )
}

function rowOfOthers(others: readonly PackageCost[], whole: number): HTMLElement {
  const totalBytes = bytesOf(others)
  const ownedBytes = others.reduce((bytes, cost) => bytes + cost.ownedBytes, 0)
  const name = `${formatCount(others.length)} more package${others.length === 1 ? '' : 's'}`
  return line([name], [formatBytes(totalBytes), formatShare(totalBytes, whole), formatBytes(ownedBytes), '–'])
}

function line(
  name: readonly (string | HTMLElement)[],
  [holds, share, owned, native]: [string, string, string, string],
): HTMLElement {
  return make(
    'tr',
    { role: 'row' },
    rowHead(...name),
    cell('holds', holds, 'cell-bytes number strong'),
    cell('share', share),
    cell('owned', owned),
    cell('native', native),
  )
}

function cell(label: string, text: string, classNames = 'number'): HTMLElement {
  const known = text === '–' ? `${classNames} is-unknown` : classNames
  return make('td', { role: 'cell', class: known, 'data-label': label }, text)
}

function bytesOf(packages: readonly PackageCost[]): number {
  return packages.reduce((bytes, { totalBytes }) => bytes + totalBytes, 0)
}
