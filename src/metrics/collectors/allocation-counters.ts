/** The service's own counts, see `allocationCounter()`. */
import type { PulledMetric } from '../definition.js'
import { oneSample } from '../sample.js'

const LABELS = ['counter'] as const
const NEEDS = '`allocationCounter()`'

export const ALLOCATION_COUNTERS: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_allocation_live_bytes',
    type: 'gauge',
    help: 'Bytes that an allocation counter counted as allocated and not yet as freed.',
    labels: LABELS,
    acrossProcesses: 'sum',
    source: '`liveBytes` of the counter',
    needs: NEEDS,
    adds: true,
    read: ({ counters }) =>
      counters.flatMap(({ label, allocatedBytes, freedBytes }) =>
        oneSample(allocatedBytes - freedBytes, { counter: label }),
      ),
  },
  {
    name: 'cache_attribution_allocation_bytes_total',
    type: 'counter',
    help: 'Bytes that an allocation counter counted as allocated.',
    labels: LABELS,
    acrossProcesses: 'sum',
    source: '`add()`, `track()`',
    needs: NEEDS,
    read: ({ counters }) =>
      counters.flatMap(({ label, allocatedBytes }) => oneSample(allocatedBytes, { counter: label })),
  },
  {
    name: 'cache_attribution_allocation_freed_bytes_total',
    type: 'counter',
    help: 'Bytes that an allocation counter counted as freed.',
    labels: LABELS,
    acrossProcesses: 'sum',
    source: '`add()` of a negative number; the end of what `track()` watches',
    needs: NEEDS,
    read: ({ counters }) => counters.flatMap(({ label, freedBytes }) => oneSample(freedBytes, { counter: label })),
  },
]
