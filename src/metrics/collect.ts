/** The metrics of a coordinator in a registry of prom-client, read when it is scraped. */
import type { Registry } from 'prom-client'
import type * as PromClient from 'prom-client'
import { CacheAttributionError, describe } from '../support/errors.js'
import { optional, shaped } from '../support/options.js'
import { PULLED, RECORDED } from './catalogue.js'
import type { PulledMetric } from './definition.js'
import { rememberTexts } from './exposition.js'
import type { MetricsSnapshot } from './snapshot.js'
import { loadPromClient } from './load-peers.js'
import { checkCoordinator, resolveMetricsOptions } from './options.js'
import type { MeteredCoordinator, MetricsOptions } from './options.js'
import { MetricsSource } from './metrics-source.js'

/** Options of `collectMetrics()`. */
export interface CollectMetricsOptions extends MetricsOptions {
  /**
   * The registry that the metrics are added to.
   * @default a new one with nothing else in it: its text is written once for each snapshot, whatever is added to it later
   */
  readonly register?: Registry | undefined
}

/**
 * Adds the metrics of a coordinator to a registry: the allocator, every cache, runs, twins, the floor, trends. They are read when the
 * registry is scraped; a scrape releases and collects nothing, and any number of them within a second cost one reading.
 *
 * Figures of V8 and of the process are prom-client's own: `collectDefaultMetrics({ register: registry })` adds them.
 *
 * @returns the registry
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`, `ERR_OPTION_RANGE`; `ERR_METRICS_DUPLICATE` where the registry has
 *   metrics of these names; `ERR_PROM_CLIENT_MISSING`
 * @example
 * const registry = collectMetrics(coordinator)
 * http.createServer(async (request, response) => response.end(await registry.metrics())).listen(9464, '127.0.0.1')
 */
export function collectMetrics(coordinator: MeteredCoordinator, options?: CollectMetricsOptions): Registry {
  checkCoordinator('collectMetrics()', coordinator)
  const settings = resolveMetricsOptions<{ readonly register: Registry | undefined }>('collectMetrics()', options, {
    register: optional(shaped<Registry>('a Registry of prom-client', isRegistry)),
  })
  const client = loadPromClient()
  const registry = settings.register ?? new client.Registry()
  for (const { name } of [...PULLED, ...RECORDED]) refuseTaken(registry, name)
  const histograms = new Map(
    RECORDED.map((metric) => {
      const { name, help, labels, buckets } = metric
      const config = { name, help, labelNames: labels, buckets: [...buckets], registers: [registry] }
      return [metric, new client.Histogram(config)]
    }),
  )
  const source = new MetricsSource(coordinator, settings, (metric, seconds, labels) => {
    histograms.get(metric)?.observe(labels, seconds)
  })
  for (const metric of PULLED) addPulled(client, registry, metric, () => source.snapshot())
  if (settings.register === undefined) remember(registry, () => source.snapshot())
  return registry
}

/** In a registry of our own the whole text is good for as long as the observation is; one that was given is written by its own rules. */
function remember(registry: Registry, snapshot: () => MetricsSnapshot): void {
  const memory = rememberTexts(registry, snapshot)
  const write = registry.metrics.bind(registry)
  // Apart from the texts of formatMetrics(): prom-client has its own order and lines.
  registry.metrics = () => memory(`prom-client ${registry.contentType}`, write)
}

function isRegistry(value: object): boolean {
  const { registerMetric, getSingleMetric } = value as Partial<Record<keyof Registry, unknown>>
  return typeof registerMetric === 'function' && typeof getSingleMetric === 'function'
}

/** Before anything is added: a registry with half of the metrics would be worse than none. */
function refuseTaken(registry: Registry, name: string): void {
  if (registry.getSingleMetric(name) === undefined) return
  throw new CacheAttributionError(
    'ERR_METRICS_DUPLICATE',
    `this registry has a metric ${describe(name)} already: a second coordinator needs a registry of its own`,
  )
}

/**
 * A metric whose values are those of the observation. They do not go through prom-client's own store, so that what is gone leaves nothing
 * behind, and what is unknown is absent where that store would show 0.
 */
function addPulled(
  client: typeof PromClient,
  registry: Registry,
  metric: PulledMetric,
  snapshot: () => MetricsSnapshot,
): void {
  const { help, type, labels, acrossProcesses: aggregator } = metric
  const config = { name: metric.name, help, labelNames: labels, registers: [registry], aggregator }
  const added = type === 'counter' ? new client.Counter(config) : new client.Gauge(config)
  const named = added as unknown as { readonly name: string; readonly aggregator: string }
  Object.defineProperty(added, 'get', {
    value: () => {
      const values = metric.read(snapshot()).map((sample) => ({ value: sample.value, labels: sample.labels ?? {} }))
      // prom-client takes the ending off the name of a counter while it writes OpenMetrics.
      return Promise.resolve({ name: named.name, help, type, aggregator: named.aggregator, values })
    },
  })
}
