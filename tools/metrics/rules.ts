/**
 * Recording rules and alerts for Prometheus, written from here so that no name of a metric drifts.
 *
 * Rule: windows are given once, and thresholds stand with their reason beside them. What the alerts compute is recorded, so that a graph
 * shows what an alert sees.
 */

/** A rule that records. */
export interface RecordingRule {
  readonly record: string
  readonly expr: string
}

/** A rule that alerts. */
export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly severity: 'warning' | 'critical'
  readonly summary: string
  readonly description: string
}

const MIB = 1024 ** 2
/** Growth is told from the ups and downs of a day's hours by a window of a quarter of it. */
const WINDOW = '6h'

/** Recorded for graphs and alerts. Names say the level, the metric, the operation. */
export const RECORDING_RULES: readonly RecordingRule[] = [
  {
    // The best that is known of each cache now: by its entries, else as measured last.
    record: 'instance_cache:cache_attribution_cache_bytes:best',
    expr: [
      'cache_attribution_cache_estimated_bytes',
      'or',
      'sum without (memory) (cache_attribution_cache_measured_bytes)',
    ].join('\n'),
  },
  {
    record: 'instance:cache_attribution_floor_bytes:sum',
    expr: 'sum without (memory) (cache_attribution_floor_bytes)',
  },
  {
    record: `instance:cache_attribution_floor_bytes:deriv${WINDOW}`,
    expr: `deriv(instance:cache_attribution_floor_bytes:sum[${WINDOW}])`,
  },
  {
    record: `instance_cache:cache_attribution_cache_bytes:deriv${WINDOW}`,
    expr: `deriv(instance_cache:cache_attribution_cache_bytes:best[${WINDOW}])`,
  },
  {
    record: 'instance_cache:cache_attribution_claimed:ratio',
    expr: 'cache_attribution_cache_claimed_bytes / (instance_cache:cache_attribution_cache_bytes:best > 0)',
  },
  {
    // Of the pages that hold something, the part that holds nothing.
    record: 'instance:jemalloc_fragmentation:ratio',
    expr: '1 - jemalloc_allocated_bytes / jemalloc_active_bytes',
  },
  {
    record: 'instance:cache_attribution_memory_limit:used_ratio',
    expr: 'process_resident_memory_bytes / cache_attribution_memory_limit_bytes',
  },
  {
    record: 'job_cache:cache_attribution_cache_bytes:sum',
    expr: 'sum by (job, cache) (instance_cache:cache_attribution_cache_bytes:best)',
  },
]

const LEAST_GROWTH = `${String(MIB)} / 3600`

/** The events to be told of. */
export const ALERT_RULES: readonly AlertRule[] = [
  {
    alert: 'CacheAttributionFloorGrows',
    // With a history its verdict, which knows error bars and restarts; without one the slope, where it adds up to a tenth of the floor.
    expr: [
      'cache_attribution_floor_growth_low_bytes_per_second > 0',
      'and on (job, instance) cache_attribution_floor_trend{verdict=~"growing|unbounded"}',
      'or',
      `(instance:cache_attribution_floor_bytes:deriv${WINDOW} > ${LEAST_GROWTH})`,
      `and on (job, instance) instance:cache_attribution_floor_bytes:sum > 1.1 * (instance:cache_attribution_floor_bytes:sum offset ${WINDOW})`,
      'unless on (job, instance) cache_attribution_floor_trend{verdict=~"stable|saturating"}',
    ].join('\n'),
    for: '30m',
    severity: 'warning',
    summary: 'Memory that no cache holds grows in {{ $labels.instance }}',
    description:
      'The floor after every release grows by {{ $value | humanize1024 }}B a second. No registered cache explains it: profile what allocates, or let discover() name its owners.',
  },
  {
    alert: 'CacheAttributionCacheUnbounded',
    // 20 % in a window is twice the size in little more than a day. What is added up as other jumps with each that joins it.
    expr: [
      'cache_attribution_cache_growth_bytes_per_second',
      'and on (job, instance, cache) cache_attribution_cache_trend{verdict="unbounded"}',
      'or',
      `(instance_cache:cache_attribution_cache_bytes:deriv${WINDOW}{cache!="other"} > ${LEAST_GROWTH})`,
      `and on (job, instance, cache) instance_cache:cache_attribution_cache_bytes:best > 1.2 * (instance_cache:cache_attribution_cache_bytes:best offset ${WINDOW})`,
      'unless on (job, instance, cache) cache_attribution_cache_trend{verdict=~"stable|saturating"}',
    ].join('\n'),
    for: '30m',
    severity: 'warning',
    summary: 'The cache {{ $labels.cache }} of {{ $labels.instance }} grows without a bound',
    description:
      'It grows by {{ $value | humanize1024 }}B a second, as fast as ever. Give it a size limit or a time to live.',
  },
  {
    alert: 'CacheAttributionFragmentation',
    // Less than 64 MiB is nobody's trouble, whatever its share.
    expr: [
      'instance:jemalloc_fragmentation:ratio > 0.25',
      `and on (job, instance) jemalloc_active_bytes - jemalloc_allocated_bytes > ${String(64 * MIB)}`,
    ].join('\n'),
    for: '1h',
    severity: 'warning',
    summary: 'A quarter of the memory of jemalloc in {{ $labels.instance }} holds nothing',
    description:
      '{{ $value | humanizePercentage }} of its active pages are empty space between live allocations. This is no leak: what is left of a former peak keeps whole pages.',
  },
  {
    alert: 'CacheAttributionLimitNear',
    expr: [
      'cache_attribution_forecast_timestamp_seconds - time() < 4 * 3600',
      'or',
      'instance:cache_attribution_memory_limit:used_ratio > 0.95',
    ].join('\n'),
    for: '5m',
    severity: 'critical',
    summary: '{{ $labels.instance }} will run out of memory soon',
    description:
      'It reaches its memory limit within four hours if what grows goes on as it does, or has used up 95 % of it already.',
  },
  {
    alert: 'CacheAttributionClaimsTooLittle',
    expr: [
      'instance_cache:cache_attribution_claimed:ratio < 0.5',
      `and on (job, instance, cache) instance_cache:cache_attribution_cache_bytes:best > ${String(16 * MIB)}`,
    ].join('\n'),
    for: '1h',
    severity: 'warning',
    summary: 'The cache {{ $labels.cache }} of {{ $labels.instance }} holds at least twice what it claims',
    description:
      'It accounts for {{ $value | humanizePercentage }} of the memory that was measured, so that its limit is none. Count what its values keep alive.',
  },
  {
    alert: 'CacheAttributionRunsFail',
    // One may meet a moment without memory or another run; a second in a row has a cause that stays.
    expr: 'cache_attribution_run_consecutive_failures >= 2',
    for: '0m',
    severity: 'warning',
    summary: 'Attribution runs of {{ $labels.instance }} fail',
    description:
      '{{ $value }} runs failed one after the other: its figures are old. cache_attribution_run_errors_total has the codes.',
  },
]

/** The file of recording rules. */
export function recordingRulesFile(): string {
  return rulesFile(
    'cache-attribution-recording',
    RECORDING_RULES.map(({ record, expr }) => [`- record: ${record}`, ...exprLines(expr)]),
  )
}

/** The file of alerts. */
export function alertRulesFile(): string {
  return rulesFile(
    'cache-attribution-alerts',
    ALERT_RULES.map((rule) => [
      `- alert: ${rule.alert}`,
      ...exprLines(rule.expr),
      `  for: ${rule.for}`,
      '  labels:',
      `    severity: ${rule.severity}`,
      '  annotations:',
      `    summary: '${rule.summary}'`,
      `    description: '${rule.description}'`,
    ]),
  )
}

const HEAD = '# Written by `npm run docs:metrics`; the rules stand in tools/metrics/rules.ts.'

function rulesFile(group: string, rules: readonly (readonly string[])[]): string {
  const lines = rules.flatMap((rule) => rule.map((line) => `      ${line}`))
  return [HEAD, 'groups:', `  - name: ${group}`, '    rules:', ...lines, ''].join('\n')
}

function exprLines(expr: string): string[] {
  return ['  expr: |-', ...expr.split('\n').map((line) => `    ${line}`)]
}
