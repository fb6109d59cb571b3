/** Releases under pressure of one coordinator: zero without a watch. */
import type { PulledMetric } from '../definition.js'
import { oneSample } from '../sample.js'

export const PRESSURE: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_pressure_rounds_total',
    type: 'counter',
    help: 'Rounds of releases because memory was short, by outcome.',
    labels: ['outcome'],
    acrossProcesses: 'sum',
    source: 'event `released-under-pressure`',
    counts: 'round',
    read: ({ pressure }) => pressure.rounds,
  },
  {
    name: 'cache_attribution_pressure_releases_total',
    type: 'counter',
    help: 'Caches that were asked in these rounds, by status.',
    labels: ['status'],
    acrossProcesses: 'sum',
    source: '`caches[].status` of the event',
    counts: 'release',
    read: ({ pressure }) => pressure.releases,
  },
  {
    name: 'cache_attribution_pressure_freed_bytes_total',
    type: 'counter',
    help: 'Bytes by which resident memory fell in these rounds.',
    labels: [],
    acrossProcesses: 'sum',
    source: '`freedBytes` of the event',
    read: ({ pressure }) => oneSample(pressure.freedBytes),
  },
]
