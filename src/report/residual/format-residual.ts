/** The residual as a terminal shows it. */
import { formatBytes, formatCount, formatShare, printable } from '../../support/units.js'
import type { Palette } from '../format-table.js'
import type { AttributionReport, CacheAttribution } from '../types.js'
import { wholeOf } from '../whole.js'
import type { ReportResidual } from './types.js'

const STACKS_SHOWN = 8
const FRAMES_SHOWN = 6
const NAME_WIDTH_MAX = 110

/** Lines of a report about what no cache held, by who allocated it. */
export function residualLines(residual: ReportResidual, { strong, dim }: Palette): string[] {
  const { takenIn, sampleBytes, sampledBytes, stacks, otherBytes } = residual
  const when = takenIn === 'twin' ? 'after every release' : 'at the end of the run, what filled again included'
  const shown = stacks.slice(0, STACKS_SHOWN)
  const rest = otherBytes + stacks.slice(STACKS_SHOWN).reduce((sum, { bytes }) => sum + bytes, 0)
  return [
    `${strong('Still live, by who allocated it')} ${dim(`(${when}; sampled every ${formatBytes(sampleBytes)}, ${formatBytes(sampledBytes)} in all)`)}`,
    ...shown.flatMap(({ bytes, objects, frames }) => [
      `${formatBytes(bytes).padStart(10)}  ${formatShare(bytes, sampledBytes).padStart(6)}  ${printable(frames[0] ?? '(no stack)', NAME_WIDTH_MAX)} ${dim(`(about ${formatCount(objects)} objects)`)}`,
      ...frames.slice(1, FRAMES_SHOWN).map((name) => dim(`${' '.repeat(20)}${printable(name, NAME_WIDTH_MAX)}`)),
    ]),
    ...(rest > 0
      ? [`${formatBytes(rest).padStart(10)}  ${formatShare(rest, sampledBytes).padStart(6)}  other stacks`]
      : []),
  ]
}

/** Lines about the caches that code fills by `account()`: what the profile had of each, beside what was measured. */
export function sampledLines({ caches, mode }: Pick<AttributionReport, 'caches' | 'mode'>, paints: Palette): string[] {
  const lines = caches.flatMap((row) => (row.sampled === undefined ? [] : [sampledLine(row, mode)]))
  if (lines.length === 0) return []
  return [
    `${paints.strong('By who fills them')} ${paints.dim('(account(); sampled before the first release)')}`,
    ...lines,
  ]
}

function sampledLine(row: CacheAttribution, mode: AttributionReport['mode']): string {
  const { allocatedBytes, uncertaintyBytes } = row.sampled ?? { allocatedBytes: 0, uncertaintyBytes: null }
  const measured = wholeOf(row, mode).bytes.allocatedBytes
  const error = uncertaintyBytes === null ? '' : ` ± ${formatBytes(uncertaintyBytes)}`
  const beside = measured === null ? '' : `, measured ${formatBytes(measured)} of the allocator's memory`
  return `${formatBytes(allocatedBytes).padStart(10)}${error}  ${printable(row.name, NAME_WIDTH_MAX)}${beside}`
}
