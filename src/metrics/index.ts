/**
 * Metrics for Prometheus, through prom-client, and counters for code that makes large allocations.
 *
 * @packageDocumentation
 */
export { collectMetrics } from './collect.js'
export type { CollectMetricsOptions } from './collect.js'
export { allocationCounter } from './allocation-counter.js'
export type { AllocationCounter } from './allocation-counter.js'
export { OPENMETRICS_FORMAT, TEXT_FORMAT, formatMetrics } from './exposition.js'
export type { MetricsOptions } from './options.js'
