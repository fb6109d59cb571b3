/**
 * The work of other threads on the allocator during a window; pure.
 *
 * Rule: nothing is taken off a row for them. V8 frees Buffers of a thread on threads that nobody counts, so that the counted
 * difference of a thread is not what it did to live bytes. The null releases show what such work does to a window; what a row's
 * window saw beyond them widens its ±.
 */
import { difference } from '../measure/figures.js'
import type { Figures, OthersCounted, Reading } from '../measure/figures.js'
import { formatBytes } from '../support/units.js'
import type { OtherThreads, ReportWarning } from './values.js'

/** A window without a release. */
export interface ControlWindow extends Figures {
  /** As of a row. */
  readonly otherThreads?: OtherThreads | null
}

/** A window, as far as it matters here. */
interface Window {
  readonly before: { readonly others?: OthersCounted }
  readonly after: { readonly others?: OthersCounted }
}

/** Nothing where no other thread was counted; null where one began or ended in between. */
function otherThreadsIn({ before, after }: Window): Pick<ControlWindow, 'otherThreads'> {
  if (before.others === undefined || after.others === undefined) return {}
  if (before.others.changes !== after.others.changes) return { otherThreads: null }
  if (after.others.count === 0) return {}
  return {
    otherThreads: {
      count: after.others.count,
      allocatedBytes: after.others.allocatedBytes - before.others.allocatedBytes,
      freedBytes: after.others.freedBytes - before.others.freedBytes,
    },
  }
}

/** The change of a null release, with what other threads did meanwhile. */
export function controlWindow(window: { readonly before: Reading; readonly after: Reading }): ControlWindow {
  return { ...difference(window.before, window.after), ...otherThreadsIn(window) }
}

/** The measurement of a cache, as far as it matters here. */
interface Measured {
  readonly name: string
  readonly measurement:
    | { readonly kind: 'none' | 'repeated' | 'stepped' }
    | ({ readonly kind: 'atomic' } & Window)
    | { readonly kind: 'batched'; readonly windows: readonly Window[] }
  readonly controls: readonly ControlWindow[]
}

/** The effect of other threads on one row. */
interface OthersOfRow extends Pick<ControlWindow, 'otherThreads'> {
  /**
   * By how much its windows saw more than the null releases did: of what was allocated, of what was freed, or of the difference.
   * Null where a thread began or ended in one of them: what it did is not known.
   */
  readonly beyondBytes: number | null
}

/** Of levels before and after a release that went on, nothing is told: their own scatter has what others did. */
export function othersOfRow({ measurement, controls }: Measured): OthersOfRow {
  const each = windowsOf(measurement).map((window) => otherThreadsIn(window).otherThreads)
  if (each.includes(null)) return { otherThreads: null, beyondBytes: null }
  const known = each.flatMap((one) => one ?? [])
  const seen = controls.flatMap(({ otherThreads }) => otherThreads ?? [])
  const [first, ...more] = known
  if (first === undefined) return { beyondBytes: 0 }
  return {
    otherThreads: more.reduce(together, first),
    beyondBytes: known.reduce((sum, one) => sum + beyond(one, seen), 0),
  }
}

/** For each row whose ± other threads changed by more than `leastBytes`. */
export function otherThreadsWarnings(caches: readonly Measured[], leastBytes: number): ReportWarning[] {
  return caches.flatMap((cache): ReportWarning[] => {
    const { otherThreads, beyondBytes } = othersOfRow(cache)
    const warn = (message: string): ReportWarning[] => [{ code: 'WARN_OTHER_THREADS', message, cache: cache.name }]
    const name = JSON.stringify(cache.name)
    if (beyondBytes === null) {
      return warn(
        `while ${name} was measured, another thread began or ended: what it allocated and freed is not known, and neither is the row's ±`,
      )
    }
    if (otherThreads == null || beyondBytes <= leastBytes) return []
    const { count, allocatedBytes, freedBytes } = otherThreads
    const threads = count === 1 ? 'another thread' : `${String(count)} other threads`
    return warn(
      `while ${name} was measured, ${threads} allocated ${formatBytes(allocatedBytes)} and freed ${formatBytes(freedBytes)}: its ± has ${formatBytes(beyondBytes)} more, since the null releases saw less of that`,
    )
  })
}

function windowsOf(measurement: Measured['measurement']): readonly Window[] {
  if (measurement.kind === 'atomic') return [measurement]
  return measurement.kind === 'batched' ? measurement.windows : []
}

function together(a: OtherThreads, b: OtherThreads): OtherThreads {
  return {
    count: Math.max(a.count, b.count),
    allocatedBytes: a.allocatedBytes + b.allocatedBytes,
    freedBytes: a.freedBytes + b.freedBytes,
  }
}

function beyond(one: OtherThreads, seen: readonly OtherThreads[]): number {
  const outside = (of: (threads: OtherThreads) => number): number => {
    const values = seen.map(of)
    return Math.max(0, of(one) - Math.max(0, ...values), Math.min(0, ...values) - of(one))
  }
  return Math.max(
    outside(({ allocatedBytes }) => allocatedBytes),
    outside(({ freedBytes }) => freedBytes),
    outside(({ allocatedBytes, freedBytes }) => allocatedBytes - freedBytes),
  )
}
