/** Releases under pressure of one coordinator: zero without a watch. */
import type { PulledMetric } from '../definition.js'
import { oneSample } from '../sample.js'

export const PRESSURE: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_pressure_rounds_total',
    type: 'counter',
    help: 'Rounds of releases since memory was short, by what came of them.',
    labels: ['outcome'],
    acrossProcesses: 'sum',
    source: 'event `released-under-pressure`',
    counts: 'round',
    read: ({ pressure }) => pressure.rounds,
  },
  {
    name: 'cache_attribution_pressure_releases_total',
    type: 'counter',
    help: 'Caches that were asked in these rounds, by what became of them.',
    labels: ['status'],
    acrossProcesses: 'sum',
    source: '`caches[].status` of the event',
    counts: 'release',
    read: ({ pressure }) => pressure.releases,
  },
  {
    name: 'cache_attribution_pressure_freed_bytes_total',
    type: 'counter',
    help: 'By how much resident memory fell in these rounds.',
    labels: [],
    acrossProcesses: 'sum',
    source: '`freedBytes` of the event',
    read: ({ pressure }) => oneSample(pressure.freedBytes),
  },
]
