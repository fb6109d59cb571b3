/** The collectors themselves. */
import type { PulledMetric } from '../definition.js'
import { oneSample } from '../sample.js'

export const ITSELF: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_read_failures_total',
    type: 'counter',
    help: 'Readings for these metrics that failed; their figures are missing.',
    labels: [],
    acrossProcesses: 'sum',
    source: 'this library',
    counts: 'failure',
    read: ({ failures }) => oneSample(failures),
  },
]
