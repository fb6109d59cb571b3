/** Growth monitors, under the names that the caller chose. */
import type { PulledMetric } from '../definition.js'
import { oneSample } from '../sample.js'

const NEEDS = '`monitors`'

export const GROWTH: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_growth_firings_total',
    type: 'counter',
    help: 'Firings of a growth monitor, by the rule that was due.',
    labels: ['monitor', 'trigger'],
    acrossProcesses: 'sum',
    source: 'event `fired`',
    needs: NEEDS,
    counts: 'firing',
    read: ({ monitors }) =>
      monitors.flatMap(({ label, firings }) =>
        [...firings].flatMap(([trigger, count]) => oneSample(count, { monitor: label, trigger })),
      ),
  },
  {
    name: 'cache_attribution_growth_polls_total',
    type: 'counter',
    help: 'Readings that a growth monitor took.',
    labels: ['monitor'],
    acrossProcesses: 'sum',
    source: '`monitor.statistics.polls`',
    needs: NEEDS,
    counts: 'reading',
    read: ({ monitors }) =>
      monitors.flatMap(({ label, statistics }) => oneSample(statistics.polls, { monitor: label })),
  },
  {
    name: 'cache_attribution_growth_confirmations_total',
    type: 'counter',
    help: 'Garbage collections with which a growth monitor checked whether growth was real, by result.',
    labels: ['monitor', 'result'],
    acrossProcesses: 'sum',
    source: '`monitor.statistics.confirmations`, `monitor.statistics.refuted`',
    needs: NEEDS,
    counts: 'collection',
    read: ({ monitors }) =>
      monitors.flatMap(({ label, statistics: { confirmations, refuted } }) => [
        ...oneSample(confirmations - refuted, { monitor: label, result: 'confirmed' }),
        ...oneSample(refuted, { monitor: label, result: 'refuted' }),
      ]),
  },
  {
    name: 'cache_attribution_growth_watched_bytes',
    type: 'gauge',
    help: 'Last reading of the quantity that a growth monitor watches.',
    labels: ['monitor'],
    acrossProcesses: 'sum',
    source: '`monitor.statistics.bytes`',
    needs: NEEDS,
    read: ({ monitors }) =>
      monitors.flatMap(({ label, statistics }) => oneSample(statistics.bytes, { monitor: label })),
  },
]
