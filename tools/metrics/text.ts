/** The text of docs/reference/metrics.md around its list. How to use them is in docs/guide/metrics.md. */

export const INTRODUCTION = `# Metrics

Every metric of the library, by group: its name for Prometheus, its kind, its help, where its value comes from, when it is there, how
the values of several processes combine, and its name for OpenTelemetry. How to serve and use them: [metrics](../guide/metrics.md).

\`memory\` is \`allocator\` (Buffers, native memory) or \`heap\` (V8). An unknown value has no series: there is no zero in its place. Names of V8
and of the process (\`nodejs_*\`, \`process_*\`) are prom-client's own and are not registered here.

A scrape reads. It never releases, trims, collects or forks. A snapshot is good for \`maxAgeMs\`, one second unless it is set, so ten scrapers cost one
epoch of the allocator. In a registry of its own the text is reused for as long, also that of metrics which you add to it.

This page, the rules in \`prometheus/\` and the dashboard in \`grafana/\` are generated (\`npm run docs:metrics\`). Tests compare them, and find every
metric in the dashboard.

## Names of caches

A label holds the name of the cache as it is; the formats escape quotes, backslashes and line ends. A name is shortened and made printable if it
has more than 120 characters, other control characters, or halves of characters. It then ends in \`~\` and twelve digits of its SHA-256, so that no
two names meet in one label. An unregistered cache is gone from the next snapshot. \`formatMetrics(registry, OPENMETRICS_FORMAT)\` writes OpenMetrics
without changing the registry, so scrapers of both formats may come at once.
`

export const REMARKS = `Semantic conventions of OpenTelemetry name neither allocators nor caches. Units (\`By\`, \`s\`, \`{run}\`), kinds of instruments (bytes that
add up over processes are up-down counters) and \`error.type\` are theirs. \`process.memory.usage\` and \`v8js.*\` come from the instrumentation of Node.

Failures: [errors of the metrics](errors.md#errors-of-the-metrics).
`
