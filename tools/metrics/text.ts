/** What docs/reference/metrics.md says around its tables. */

export const INTRODUCTION = `# Metrics

\`\`\`ts
import http from 'node:http'
import { collectDefaultMetrics } from 'prom-client'
import { Coordinator } from 'cache-attribution'
import { collectMetrics } from 'cache-attribution/metrics'

const coordinator = new Coordinator()
const registry = collectMetrics(coordinator)
collectDefaultMetrics({ register: registry }) // V8 and the process: the dashboard shows resident memory too

const server = http.createServer((_request, response) => {
  response.setHeader('content-type', registry.contentType)
  void registry.metrics().then((text) => response.end(text))
})
server.listen(9464, '127.0.0.1')
\`\`\`

\`collectMetrics()\` needs prom-client 15 (\`npm install prom-client\`). It adds its metrics to a registry of their own, or to \`register\`. A service that
mounts [the admin endpoint](http.md) hands it the registry, and Prometheus scrapes \`/debug/memory/metrics\` with the token of \`readOnly\`:

\`\`\`ts
import { Coordinator } from 'cache-attribution'
import { bearerToken, createAdminHandler } from 'cache-attribution/http'
import { collectMetrics } from 'cache-attribution/metrics'

const coordinator = new Coordinator()
createAdminHandler(coordinator, {
  authorize: bearerToken({ readOnly: process.env['METRICS_TOKEN'] }),
  metrics: collectMetrics(coordinator),
})
\`\`\`

A scrape reads, and nothing more: it never releases, trims, collects or forks. What it finds is good for \`maxAgeMs\`, a second, so that ten scrapers cost one epoch
of the allocator; in a registry of its own the text is too, what you add to it included. \`measured\` figures are those of the last run: have one made now and then, by [\`PeriodicReporter\`](../guide/logs.md) or over HTTP; in [a twin](../guide/twin.md) it
costs no entry.

| option       | meaning                                                                                       |
| ------------ | --------------------------------------------------------------------------------------------- |
| \`register\`   | a registry of prom-client to add to; its own by default                                       |
| \`history\`    | tells trends where the reports carry none; one that is attached to the coordinator needs not be given |
| \`profiler\`   | a \`HeapProfiler\`, whose state is shown                                                        |
| \`monitors\`   | growth monitors by name: \`{ rss: monitor }\`                                                   |
| \`arenas\`     | shows each arena of jemalloc (default false)                                                  |
| \`maxCaches\`  | so many caches by themselves, the largest; the rest as \`other\` (default 100)                  |
| \`maxAgeMs\`   | how long a look is good (default 1,000)                                                       |
| \`limitBytes\` | the memory limit, where no control group has one                                              |
| \`onError\`    | hears of readings that failed (default \`process.emitWarning\`)                                 |

## Names of caches

A label holds the name of the cache as it is; quotes, backslashes and line ends are escaped by the formats. A name of more than 120 characters, with other control characters
or with halves of characters is shortened and made printable, and ends in \`~\` and twelve digits of its SHA-256, so that no two names meet in one label. An unregistered cache is gone
at the next look. \`formatMetrics(registry, OPENMETRICS_FORMAT)\` writes OpenMetrics without a change to the registry, so that scrapers of both formats may come at
once.

## Counters for large allocations

\`\`\`ts
import { allocationCounter } from 'cache-attribution/metrics'

const tiles = allocationCounter('tiles') // keep it: looking it up costs more than adding
const tile = tiles.track(Buffer.allocUnsafeSlow(4 * 1024 * 1024)) // counted until it is collected
tiles.add(65_536) // or by hand: with a native library's own sizes
tiles.add(-65_536)
console.log(tile.length, tiles.liveBytes)
\`\`\`

\`add()\` takes some nanoseconds. \`track()\` counts the whole ArrayBuffer behind a view, once, and counts it as freed when it is collected, through a
FinalizationRegistry. Beside the profiler these counters tell what one part of the code holds, all the time.

## Under \`cluster\`

\`\`\`ts
import cluster from 'node:cluster'
import { AggregatorRegistry } from 'prom-client'
import { Coordinator } from 'cache-attribution'
import { collectMetrics } from 'cache-attribution/metrics'

const aggregator = new AggregatorRegistry() // in the workers it answers the primary
if (cluster.isPrimary) {
  console.log(aggregator.contentType) // and serve aggregator.clusterMetrics()
} else {
  AggregatorRegistry.setRegistries([collectMetrics(new Coordinator())])
}
\`\`\`

Every metric says what becomes of the values of several processes ("processes together" below): bytes and counts are added up, of moments the last counts, of forecasts and limits
the least, whether something is under way is true where it is in any of them. Errors (\`…_uncertainty_bytes\`, \`…_noise_bytes\`) and ends of intervals are left out, since they
combine by squares, which prom-client does not do: the registries of the single workers have them.

## OpenTelemetry

\`\`\`ts
import { Coordinator } from 'cache-attribution'
import { meterCoordinator } from 'cache-attribution/metrics/opentelemetry'

const instruments = meterCoordinator(new Coordinator()) // after the SDK was started; takes { meterProvider } too
instruments.close()
\`\`\`

The same metrics, by \`@opentelemetry/api\` 1.9 (\`npm install @opentelemetry/api\`). The semantic conventions have no names for allocators and caches; units (\`By\`, \`s\`, \`{run}\`), kinds of instruments (bytes
that add up over processes are up-down counters) and \`error.type\` are theirs. What the exporters make of the names for Prometheus is the name in this page, so that the rules and
the dashboard serve both. Where values are cumulative, the SDK for JavaScript goes on to report the last value of a cache that was unregistered; prom-client's registry
does not. \`process.memory.usage\` and \`v8js.*\` come from the instrumentation of Node, as prom-client's defaults do on the other side.

## Prometheus and Grafana

- [prometheus/scrape.yml](../../prometheus/scrape.yml): how to scrape.
- [prometheus/recording.yml](../../prometheus/recording.yml), [prometheus/alerts.yml](../../prometheus/alerts.yml): the floor grows, a cache has no bound, fragmentation, the limit is near, a cache
  claims less than half of what was measured, runs fail. Each has its \`promtool test rules\` file in \`prometheus/tests/\`.
- [grafana/cache-attribution.json](../../grafana/cache-attribution.json): import it; from the fleet to one process to one cache, with a mark for each run.

They are in the package too, below \`node_modules/cache-attribution/\`. The alerts on growth take the verdict of a [history](../guide/slow-growth.md) where there is one, and the slope of six hours where there is none.
Windows and thresholds are a start: a service whose caches fill for a day needs a longer one.

[examples/12-metrics.ts](../../examples/12-metrics.ts) starts a real Prometheus with these rules and waits for an alert. This page, the rules and the dashboard are generated (\`npm run docs:metrics\`); tests compare them, and find every metric in the dashboard.
`

export const REMARKS = `\`memory\` is \`allocator\` (Buffers, native memory) or \`heap\` (V8). What is unknown has no series: there is no zero in its place. Names of V8 and of the process
(\`nodejs_*\`, \`process_*\`) are prom-client's own, and not registered here.

## When a run fails

[Errors by code](errors.md#errors-of-the-metrics). A reading that fails costs what it would have told: the scrape goes on, \`onError\` hears of it, and
\`cache_attribution_read_failures_total\` counts it.
`
