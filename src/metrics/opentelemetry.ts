/**
 * `cache-attribution/metrics/opentelemetry`: the same metrics through the API of OpenTelemetry.
 *
 * An entry of its own, so that who uses the one needs neither the package nor the types of the other.
 *
 * @packageDocumentation
 */
import type { BatchObservableResult, Histogram, Meter, MeterProvider, Observable } from '@opentelemetry/api'
import { optional, shaped } from '../support/options.js'
import { PULLED, RECORDED } from './catalogue.js'
import type { PulledMetric, RecordedMetric } from './definition.js'
import { attributesOf, instrumentName, unitOf } from './instruments.js'
import { loadOpenTelemetry } from './load-peers.js'
import { checkCoordinator, resolveMetricsOptions } from './options.js'
import type { MeteredCoordinator, MetricsOptions } from './options.js'
import { MetricsSource } from './metrics-source.js'

export type { MetricsOptions } from './options.js'

/** Options of `meterCoordinator()`. */
export interface MeterOptions extends MetricsOptions {
  /** Where the meter is taken from. @default the global one: `metrics.getMeterProvider()` */
  readonly meterProvider?: MeterProvider | undefined
}

/** Instruments that are being read. */
export interface MeteredInstruments extends Disposable {
  /** Takes them off the meter, and their listeners off the coordinator. */
  close(): void
}

const METER = 'cache-attribution'

/**
 * Gives the metrics of a coordinator to OpenTelemetry: one callback for all instruments, so that a collection costs one observation, which
 * releases and collects nothing.
 *
 * Names and units are such that the exporter for Prometheus makes the names of docs/reference/metrics.md of them.
 *
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`; `ERR_OPENTELEMETRY_MISSING`
 * @example
 * const instruments = meterCoordinator(coordinator)   // after the SDK was started
 */
export function meterCoordinator(coordinator: MeteredCoordinator, options?: MeterOptions): MeteredInstruments {
  checkCoordinator('meterCoordinator()', coordinator)
  const settings = resolveMetricsOptions<{ readonly meterProvider: MeterProvider | undefined }>(
    'meterCoordinator()',
    options,
    { meterProvider: optional(shaped<MeterProvider>('a MeterProvider', (value) => 'getMeter' in value)) },
  )
  const provider = settings.meterProvider ?? loadOpenTelemetry().metrics.getMeterProvider()
  const meter = provider.getMeter(METER)
  const histograms = new Map(RECORDED.map((metric) => [metric, histogramOf(meter, metric)]))
  const source = new MetricsSource(coordinator, settings, (metric, seconds, labels) => {
    histograms.get(metric)?.record(seconds, attributesOf(labels))
  })
  const instruments = new Map(PULLED.map((metric) => [metric, observableOf(meter, metric)]))
  const observeAll = (result: BatchObservableResult): void => {
    const snapshot = source.snapshot()
    for (const [metric, instrument] of instruments) {
      for (const { value, labels } of metric.read(snapshot)) result.observe(instrument, value, attributesOf(labels))
    }
  }
  const observables = [...instruments.values()]
  meter.addBatchObservableCallback(observeAll, observables)
  const close = (): void => {
    meter.removeBatchObservableCallback(observeAll, observables)
    source.close()
  }
  return { close, [Symbol.dispose]: close }
}

function histogramOf(meter: Meter, metric: RecordedMetric): Histogram {
  return meter.createHistogram(instrumentName(metric), {
    description: metric.help,
    unit: unitOf(metric),
    advice: { explicitBucketBoundaries: [...metric.buckets] },
  })
}

/** A sum over processes is an up-down counter there, as the semantic conventions have it for bytes of memory. */
function observableOf(meter: Meter, metric: PulledMetric): Observable {
  const name = instrumentName(metric)
  const described = { description: metric.help, unit: unitOf(metric) }
  if (metric.type === 'counter') return meter.createObservableCounter(name, described)
  return metric.adds === true
    ? meter.createObservableUpDownCounter(name, described)
    : meter.createObservableGauge(name, described)
}
