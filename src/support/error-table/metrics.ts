/** Errors of the metrics. */
import type { CodeEntry } from './code-entry.js'

export const ERRORS_OF_METRICS = {
  ERR_PROM_CLIENT_MISSING: {
    gist: 'the package prom-client, which metrics for Prometheus go through, could not be loaded',
    cause: '`collectMetrics()` was called, and the optional package prom-client is not installed.',
    cure: '`npm install prom-client`.',
    example:
      "`ERR_PROM_CLIENT_MISSING: these metrics need the package prom-client (npm install prom-client): Cannot find module 'prom-client'`",
  },
  ERR_OPENTELEMETRY_MISSING: {
    gist: 'the package @opentelemetry/api could not be loaded',
    cause:
      '`meterCoordinator()` was called without `meterProvider`, and the optional package @opentelemetry/api is not installed.',
    cure: '`npm install @opentelemetry/api`, and an SDK that reads the instruments.',
    example:
      "`ERR_OPENTELEMETRY_MISSING: these metrics need the package @opentelemetry/api (npm install @opentelemetry/api): Cannot find module '@opentelemetry/api'`",
  },
  ERR_METRICS_DUPLICATE: {
    gist: 'the registry has metrics of these names already',
    cause:
      'the registry already has a metric of one of the names: `collectMetrics()` was called twice with the same `register`.',
    cure: 'call it once. A second coordinator, or a second call for the same one, gets a registry of its own.',
    example:
      '`ERR_METRICS_DUPLICATE: this registry has a metric "jemalloc_allocated_bytes" (string) already: a second coordinator needs a registry of its own`',
  },
  ERR_COUNTER_LIMIT: {
    gist: 'there are too many allocation counters',
    cause:
      '`allocationCounter()` was called with more than 1,000 different names. A name that contains an identifier or an address makes a new counter each time, and counters are never removed.',
    cure: "name the code that allocates: `'thumbnails'`, not `'thumbnail of user 4711'`.",
    example:
      '`ERR_COUNTER_LIMIT: there are 1000 allocation counters already, and "user 4711" (string) would be one more: name what allocates, not what it allocates for`',
  },
} satisfies Record<string, CodeEntry>
