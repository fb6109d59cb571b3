/** The residual as a terminal shows it. */
import { formatBytes, formatCount, formatShare, printable } from '../../support/units.js'
import type { Palette } from '../format-table.js'
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
