/**
 * From the windows of one cache to what its release gave back, with the ±.
 *
 * Rule: pure; windows side by side err independently of each other, and nothing is added to what is unknown.
 */
import { byQuantity, difference, knownSum, plus } from '../measure/figures.js'
import type { ByQuantity, Figures } from '../measure/figures.js'
import type { LateBytes } from './late-bytes.js'
import { estimateStep, spreadOf } from './statistics.js'
import type { ReportNoise } from './types.js'
import type { AttributedBytes } from './values.js'
import { UNKNOWN, withTotal } from './whole.js'
import type { FigureLevel, Measurement } from './measured-cache.js'
import { RESOLUTION, knownValues, noiseOfControls } from './noise.js'

/** The falls of several windows together. */
export function sumOf(windows: readonly { readonly before: Figures; readonly after: Figures }[]): Figures {
  return windows.map(({ before, after }) => difference(before, after)).reduce(plus)
}

interface Attributed {
  readonly released: AttributedBytes
  readonly uncertainty: ByQuantity<number | null>
}

/** With what of it came late, where some did. */
export interface AttributedWhole extends Attributed {
  readonly late?: AttributedBytes
}

/** Bytes that went right after the window are part of the row; nothing is added to what is unknown. */
export function withLate({ released, uncertainty }: Attributed, found: LateBytes | undefined): AttributedWhole {
  if (found === undefined) return { released, uncertainty }
  const late = byQuantity((quantity) => (released[quantity] === null ? null : found.bytes[quantity]))
  return {
    released: withTotal(
      byQuantity((quantity) => {
        const bytes = released[quantity]
        return bytes === null ? null : bytes + (late[quantity] ?? 0)
      }),
    ),
    uncertainty: widenBy(uncertainty, found.uncertainty),
    ...(knownSum(late) === 0 ? {} : { late: withTotal(late) }),
  }
}

/** Two errors that are independent of each other; one that is unknown stays so. */
export function widenBy(uncertainty: ByQuantity<number | null>, by: ByQuantity<number>): ByQuantity<number | null> {
  return byQuantity((quantity) => {
    const bytes = uncertainty[quantity]
    return bytes === null ? null : Math.ceil(Math.hypot(bytes, by[quantity]))
  })
}

export function attributeWindows(measurement: Measurement, controls: readonly Figures[]): Attributed {
  if (measurement.kind === 'none') return { released: UNKNOWN, uncertainty: byQuantity(() => null) }
  if (measurement.kind === 'repeated') return attributeRepeated(measurement.changes, noiseOfControls(controls))
  if (measurement.kind === 'stepped') return attributeStepped(measurement)
  const windows = measurement.kind === 'atomic' ? [measurement] : measurement.windows
  const ofOne = noiseOfControls(controls)
  // Windows side by side err independently of each other.
  const ofAll = (bytes: number | null): number | null =>
    bytes === null ? null : Math.ceil(bytes * Math.sqrt(windows.length))
  return { released: withTotal(sumOf(windows)), uncertainty: byQuantity((quantity) => ofAll(ofOne[quantity])) }
}

/** The step between the levels on both sides, with the drift taken off. */
function attributeStepped({ levelsBefore, levelsAfter }: Measurement & { readonly kind: 'stepped' }): Attributed {
  const steps = byQuantity((quantity) => {
    const series = (levels: readonly FigureLevel[]): { atMs: number; bytes: number }[] =>
      levels.flatMap((level) => {
        const bytes = level[quantity]
        return bytes === null ? [] : [{ atMs: level.atMs, bytes }]
      })
    const [before, after] = [series(levelsBefore), series(levelsAfter)]
    return before.length === 0 || after.length === 0 ? null : estimateStep(before, after)
  })
  return {
    released: withTotal(byQuantity((quantity) => steps[quantity]?.bytes ?? null)),
    uncertainty: byQuantity((quantity) => {
      const { uncertaintyBytes } = steps[quantity] ?? { uncertaintyBytes: null }
      return uncertaintyBytes === null ? null : Math.max(RESOLUTION[quantity], uncertaintyBytes)
    }),
  }
}

/** The mean of several windows; half of what differs between them is part of the ±. */
function attributeRepeated(changes: readonly Figures[], ofOne: ReportNoise): Attributed {
  const meanOf = (values: readonly number[]): number | null =>
    values.length === 0 ? null : Math.round(values.reduce((sum, value) => sum + value, 0) / values.length)
  return {
    released: withTotal(byQuantity((quantity) => meanOf(knownValues(changes, quantity)))),
    uncertainty: byQuantity((quantity) => {
      const noiseBytes = ofOne[quantity]
      return noiseBytes === null
        ? null
        : Math.ceil(Math.hypot(noiseBytes, spreadOf(knownValues(changes, quantity)) / 2))
    }),
  }
}
