/** The events of a coordinator at work: typed, and the same on node:diagnostics_channel. */
import diagnosticsChannel from 'node:diagnostics_channel'
import type { EventEmitter } from 'eventemitter3'
import type {
  AttributionMode,
  AttributionReport,
  CacheStatus,
  ReportWarning,
  RowError,
  Trigger,
} from '../report/types.js'
import type { PressureRound } from './pressure/types.js'

/** Event → its one argument. Each is published on the channel `cache-attribution:<event>` too. */
export interface CoordinatorEventPayloads {
  'run-started': { readonly id: string; readonly trigger: Trigger; readonly mode: AttributionMode }
  'run-planned': {
    readonly id: string
    /** Names in the order of their release. */
    readonly order: readonly string[]
    readonly skipped: readonly { readonly name: string; readonly error: RowError }[]
    readonly controls: number
    /** The cost of one settling here: a turn of n caches pauses for about n + 1 of them. */
    readonly settleMs: number
    readonly longestPauseMs: number
  }
  /** A cache was released and read; the final row, with its error bar, is in the report. */
  'cache-released': {
    readonly id: string
    readonly name: string
    readonly status: CacheStatus
    readonly allocatedBytes: number | null
    readonly heapBytes: number | null
    readonly mappedBytes: number | null
    readonly pauseMs: number
  }
  'cache-failed': { readonly id: string; readonly name: string; readonly status: CacheStatus; readonly error: RowError }
  'cache-skipped': { readonly id: string; readonly name: string; readonly error: RowError }
  'run-finished': { readonly id: string; readonly report: AttributionReport }
  'run-failed': { readonly id: string; readonly error: Error }
  /** Memory was short, and caches were released for it; of a dry run what would have been. */
  'released-under-pressure': PressureRound
  warning: ReportWarning
}

/** The signatures of the listeners. */
export type CoordinatorEvents = {
  [Name in keyof CoordinatorEventPayloads]: (payload: CoordinatorEventPayloads[Name]) => void
}

/** Tells the listeners and the channel; what a listener throws goes to `onThrown`, never into the run. */
export function publish<Name extends keyof CoordinatorEventPayloads>(
  emitter: EventEmitter<CoordinatorEvents>,
  name: Name,
  payload: CoordinatorEventPayloads[Name],
  onThrown: (error: unknown) => void,
): void {
  for (const publishIt of [
    () => (emitter as unknown as EventEmitter).emit(name, payload),
    () => {
      const channel = diagnosticsChannel.channel(`cache-attribution:${name}`)
      // A subscriber's error is thrown by Node itself, as uncaught, as for every channel.
      if (channel.hasSubscribers) channel.publish(payload)
    },
  ]) {
    try {
      publishIt()
    } catch (error) {
      onThrown(error)
    }
  }
}
