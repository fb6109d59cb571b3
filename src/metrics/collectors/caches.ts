/** The registered caches: the largest by themselves, the rest as `other`. An unregistered one is gone at the next observation. */
import type { Aggregation, PulledMetric } from '../definition.js'
import type { CacheSnapshot } from '../snapshot.js'
import { ofMemories, oneSample } from '../sample.js'

const LABELS = ['cache'] as const

export const CACHES: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_caches',
    type: 'gauge',
    help: 'Registered caches, those under the label other included.',
    labels: [],
    acrossProcesses: 'sum',
    source: '`coordinator.observe().caches.length`',
    counts: 'cache',
    adds: true,
    read: ({ registeredCaches }) => oneSample(registeredCaches),
  },
  {
    name: 'cache_attribution_cache_measured_bytes',
    type: 'gauge',
    help: 'Measured bytes that the last release of the cache freed; negative ones are kept.',
    labels: [...LABELS, 'memory'],
    acrossProcesses: 'sum',
    source: '`lastMeasured.allocatedBytes`, `lastMeasured.heapBytes`, `lastMeasured.mappedBytes`',
    needs: 'a run',
    adds: true,
    read: ({ caches }) => caches.flatMap(({ label, measured }) => ofMemories(measured, { cache: label })),
  },
  cacheMetric(
    'uncertainty_bytes',
    'uncertaintyBytes',
    'Half-width of the 95 percent interval around the measured bytes of all memories together.',
    '`lastMeasured.uncertaintyBytes`',
    'a run',
    'omit',
  ),
  cacheMetric(
    'measured_timestamp_seconds',
    'measuredAtSeconds',
    'When the cache was last measured, in seconds since 1970.',
    '`lastMeasured.measuredAt`',
    'a run',
    'max',
  ),
  {
    ...cacheMetric(
      'estimated_bytes',
      'estimatedBytes',
      'Bytes that the cache holds now, by its count of entries and the bytes per entry that a run found.',
      '`estimatedBytes`',
      'a run, `entries()`',
    ),
    adds: true,
  },
  cacheMetric(
    'estimated_uncertainty_bytes',
    'estimatedUncertaintyBytes',
    'Uncertainty of the estimated bytes.',
    '`estimatedUncertaintyBytes`',
    'a run, `entries()`',
    'omit',
  ),
  {
    ...cacheMetric(
      'claimed_bytes',
      'claimedBytes',
      'Bytes that the cache itself claims to hold.',
      '`claimedBytes()` of the cache',
      '`claimedBytes()`',
    ),
    adds: true,
  },
  {
    ...cacheMetric('entries', 'entries', 'Entries of the cache.', '`entries()` of the cache', '`entries()`'),
    counts: 'entry',
    adds: true,
  },
]

function cacheMetric(
  name: string,
  field: Exclude<keyof CacheSnapshot, 'label' | 'measured' | 'trend'>,
  help: string,
  source: string,
  needs: string,
  acrossProcesses: Aggregation = 'sum',
): PulledMetric {
  return {
    name: `cache_attribution_cache_${name}`,
    type: 'gauge',
    help,
    labels: LABELS,
    acrossProcesses,
    source,
    needs,
    read: ({ caches }) => caches.flatMap((cache) => oneSample(cache[field], { cache: cache.label })),
  }
}
