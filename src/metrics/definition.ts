/**
 * One metric: its name, its words, and how its samples are read from a snapshot. prom-client, OpenTelemetry, the
 * documents and the dashboard are all made of these, so that no name is written twice.
 *
 * Rule: a definition reads, and nothing more. What is unknown gives no sample, never a zero.
 */
import type { MetricsSnapshot } from './snapshot.js'
import type { Sample } from './sample.js'

/**
 * The rule for values of several processes where they are put together, as prom-client's AggregatorRegistry does under
 * `cluster`. `omit`: errors and ends of intervals, which combine by squares; the values of the single processes say it.
 */
export type Aggregation = 'sum' | 'max' | 'min' | 'first' | 'omit'

interface Described {
  /** As Prometheus knows it: base units, counters end in `_total`. */
  readonly name: string
  /** One sentence. */
  readonly help: string
  readonly labels: readonly string[]
  /** Where the value comes from: a mallctl key, a field of a report. */
  readonly source: string
  /** The source that has to be there, where it is more than a coordinator. */
  readonly needs?: string
  /** The unit of a metric that counts, in OpenTelemetry's braces, e.g. `run`. */
  readonly counts?: string
}

/** Read at every observation. */
export interface PulledMetric extends Described {
  readonly type: 'gauge' | 'counter'
  /** Whether values of different processes or labels may be added up: OpenTelemetry has another instrument for that. */
  readonly adds?: boolean
  /** Of the same metric with the same labels in several processes of one service. */
  readonly acrossProcesses: Aggregation
  readonly read: (snapshot: MetricsSnapshot) => readonly Sample[]
}

/** Recorded when something ends. */
export interface RecordedMetric extends Described {
  readonly type: 'histogram'
  /** Upper bounds. */
  readonly buckets: readonly number[]
}

/** Any metric of this library. */
export type Metric = PulledMetric | RecordedMetric
