/** Below the caches: memory in no cache, and the change that no row explains. */
import type { Figures } from '../../../../measure/figures.js'
import { heldByNone } from '../../../../report/held-by-none.js'
import type { AttributionReport } from '../../../../report/types.js'
import { formatBytes } from '../../../../support/units.js'
import { floorBytes, sumKnown } from '../../model/sum-known.js'
import type { Scale } from '../../model/scale.js'
import { make } from '../dom.js'
import { makeBar } from './bar.js'

/** The rows of the table's foot; none before the first report. */
export function makeFooter(report: AttributionReport | null, scale: Scale): HTMLElement[] {
  if (report === null) return []
  const { floor, unattributed, noise } = report
  const [first = '', ...others] = heldByNone(report).split('; ')
  return [
    row(
      `${first} (floor)`,
      ['stays when every cache is empty; a leak shows here', ...others].join('; '),
      floorBytes(floor),
      floor,
      null,
      scale,
    ),
    row(
      'unattributed',
      report.mode === 'twin' ? 'caches without a row' : 'other work during the run, caches that filled again',
      floorBytes(unattributed),
      unattributed,
      sumKnown([noise.allocatedBytes, noise.heapBytes, noise.mappedBytes]),
      scale,
    ),
  ]
}

function row(
  title: string,
  note: string,
  bytes: number,
  parts: Figures,
  uncertaintyBytes: number | null,
  scale: Scale,
): HTMLElement {
  const bar = makeBar(
    { ...parts, bytes, uncertaintyBytes, claimedBytes: null, isSoft: false, isEstimate: false, isNeutral: true },
    scale,
  )
  const mapped =
    parts.mappedBytes === null || parts.mappedBytes === 0 ? '' : `, mapped ${formatBytes(parts.mappedBytes)}`
  const words = `allocator ${formatBytes(parts.allocatedBytes)}, JS heap ${formatBytes(parts.heapBytes)}${mapped}: ${note}`
  return make(
    'tr',
    { role: 'row' },
    make('td', { role: 'cell', class: 'cell-tick' }),
    make('th', { role: 'rowheader', scope: 'row', class: 'cell-name' }, title),
    make('td', { role: 'cell', class: 'cell-chart' }, bar),
    make('td', { role: 'cell', class: 'cell-bytes number strong', 'data-label': 'bytes' }, formatBytes(bytes)),
    make(
      'td',
      { role: 'cell', class: uncertaintyBytes === null ? 'number soft is-unknown' : 'number soft' },
      uncertaintyBytes === null ? '–' : `± ${formatBytes(uncertaintyBytes)}`,
    ),
    make('td', { role: 'cell', class: 'soft reach', colspan: 5 }, words),
  )
}
