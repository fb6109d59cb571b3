/** Owners that nobody registered, as the last report with a discovery found them. */
import type { PulledMetric } from '../definition.js'
import { oneSample } from '../sample.js'

const HOUR_SECONDS = 3600
const NEEDS = 'a run with `discover`'

export const OWNERS: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_owner_bytes',
    type: 'gauge',
    help: 'Bytes that would be freed with an owner that is not registered, for the largest owners of the last report that has owners.',
    labels: ['owner'],
    acrossProcesses: 'sum',
    source: '`report.discovery.owners[].retained.totalBytes`',
    needs: NEEDS,
    read: ({ owners }) => owners.flatMap(({ label, bytes }) => oneSample(bytes, { owner: label })),
  },
  {
    name: 'cache_attribution_owner_growth_bytes_per_second',
    type: 'gauge',
    help: 'How fast the owner grows over the reports.',
    labels: ['owner'],
    acrossProcesses: 'sum',
    source: '`report.discovery.owners[].growth.slope.bytesPerHour`',
    needs: `${NEEDS}, a history, several runs`,
    read: ({ owners }) =>
      owners.flatMap(({ label, trend }) =>
        oneSample(trend?.slope == null ? null : trend.slope.bytesPerHour / HOUR_SECONDS, { owner: label }),
      ),
  },
  {
    name: 'cache_attribution_owner_trend',
    type: 'gauge',
    help: 'Always 1; the label verdict says whether the owner is stable, saturating, growing, unbounded or unknown.',
    labels: ['owner', 'verdict'],
    acrossProcesses: 'first',
    source: '`report.discovery.owners[].growth.verdict`',
    needs: `${NEEDS}, a history, several runs`,
    read: ({ owners }) =>
      owners.flatMap(({ label, trend }) =>
        trend === null ? [] : oneSample(1, { owner: label, verdict: trend.verdict }),
      ),
  },
]
