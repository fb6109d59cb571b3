/** How sizes change over the reports, where there is a history; and the limit that they run into. */
import type { Trend } from '../../report/trends/types.js'
import type { PulledMetric } from '../definition.js'
import { oneSample } from '../sample.js'

const HOUR_SECONDS = 3600
const NEEDS = 'a history, several runs'

export const TRENDS: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_cache_growth_bytes_per_second',
    type: 'gauge',
    help: 'How fast the cache grows over the reports.',
    labels: ['cache'],
    acrossProcesses: 'sum',
    source: '`trend.slope.bytesPerHour` of the row',
    needs: NEEDS,
    read: ({ caches }) => caches.flatMap(({ label, trend }) => rate(trend, 'bytesPerHour', { cache: label })),
  },
  {
    name: 'cache_attribution_cache_trend',
    type: 'gauge',
    help: 'Always 1; the label verdict says whether the cache is stable, saturating, growing, unbounded or unknown.',
    labels: ['cache', 'verdict'],
    acrossProcesses: 'first',
    source: '`trend.verdict` of the row',
    needs: NEEDS,
    counts: 'cache',
    adds: true,
    read: ({ caches }) =>
      caches.flatMap(({ label, trend }) =>
        trend === null ? [] : oneSample(1, { cache: label, verdict: trend.verdict }),
      ),
  },
  floorGrowth('growth', 'bytesPerHour', 'How fast the floor grows over the reports.'),
  floorGrowth('growth_low', 'lowBytesPerHour', 'Lower end of the 95 percent interval of the growth of the floor.'),
  floorGrowth('growth_high', 'highBytesPerHour', 'Upper end of the 95 percent interval of the growth of the floor.'),
  {
    name: 'cache_attribution_floor_trend',
    type: 'gauge',
    help: 'Always 1; the label verdict says whether the floor is stable, saturating, growing, unbounded or unknown.',
    labels: ['verdict'],
    acrossProcesses: 'first',
    source: '`report.floor.trend.verdict`',
    needs: NEEDS,
    counts: 'process',
    adds: true,
    read: ({ last }) => (last?.floorTrend ? oneSample(1, { verdict: last.floorTrend.verdict }) : []),
  },
  {
    name: 'cache_attribution_memory_limit_bytes',
    type: 'gauge',
    help: 'Most memory that the process may use.',
    labels: [],
    acrossProcesses: 'min',
    source:
      'option `limitBytes`, else the limit of the control group (`memory.max`, `memory.limit_in_bytes`, `hierarchical_memory_limit`)',
    needs: 'a limit',
    adds: true,
    read: ({ limitBytes }) => oneSample(limitBytes),
  },
  forecast('', 'at', 'When the memory limit is reached if all growth continues, in seconds since 1970.'),
  forecast('earliest_', 'earliest', 'The same at the upper end of the interval of the growth.'),
]

function floorGrowth(name: string, field: keyof NonNullable<Trend['slope']>, help: string): PulledMetric {
  return {
    name: `cache_attribution_floor_${name}_bytes_per_second`,
    type: 'gauge',
    help,
    labels: [],
    // The ends of an interval do not add up.
    acrossProcesses: field === 'bytesPerHour' ? 'sum' : 'omit',
    source: `\`report.floor.trend.slope.${field}\``,
    needs: NEEDS,
    read: ({ last }) => rate(last?.floorTrend ?? null, field),
  }
}

function rate(trend: Trend | null, field: keyof NonNullable<Trend['slope']>, labels?: { readonly cache: string }) {
  const slope = trend?.slope ?? null
  return oneSample(slope === null ? null : slope[field] / HOUR_SECONDS, labels)
}

function forecast(infix: string, field: 'at' | 'earliest', help: string): PulledMetric {
  return {
    name: `cache_attribution_forecast_${infix}timestamp_seconds`,
    type: 'gauge',
    help,
    labels: [],
    acrossProcesses: 'min',
    source: `\`report.forecast.${field}\``,
    needs: 'a history in which something grows, a limit',
    read: ({ last }) => {
      const when = last?.forecast?.[field] ?? null
      return oneSample(when === null ? null : Date.parse(when) / 1000)
    },
  }
}
