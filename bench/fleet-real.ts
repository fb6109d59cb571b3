/**
 * A fleet of real processes, each with a cache whose bytes are known, and among them one that never answers and one that answers
 * nonsense.
 *
 *   node dist/bench/fleet-real.js [--replicas 100]
 *
 * Of more than 100 a fleet's report has no bytes by replica. Ends with 1 where one is not measured, is off by more than 5 %, or an outlier is not named.
 */
import { askRealReplicas } from './fleet/real-replicas.js'
import { flags } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const ERROR_BAR = 0.05

const count = Number(flags('replicas')[0] ?? 100)
const { report, truths } = await askRealReplicas(count)
const sessions = report.caches.find(({ name }) => name === 'sessions')
const errors = (sessions?.byReplica ?? []).map(({ replica, totalBytes }) => {
  const truth = truths.get(replica) ?? NaN
  return Math.abs(totalBytes - truth) / truth
})
const statusOf = (name: string): string => {
  const { status, error } = report.replicas.find((replica) => replica.name === name) ?? {}
  return `${status ?? 'unknown'} (${error?.code ?? 'no code'})`
}
const measured = report.replicas.filter(({ status }) => status === 'measured')
const rssBytes = measured.reduce((sum, replica) => sum + (replica.rssBytes ?? 0), 0)
const largest = Math.max(0, ...errors)
printTable(
  ['replicas', 'resident, all', 'time', 'measured', 'largest error', 'the slow one', 'the one that lies'],
  [
    [
      String(count),
      `${(rssBytes / 1e9).toFixed(1)} GB`,
      `${(report.durationMs / 1000).toFixed(1)} s`,
      String(errors.length),
      `${(100 * largest).toFixed(2)} %`,
      statusOf('slow'),
      statusOf('liar'),
    ],
  ],
)
const least = Math.min(...truths.values())
const enlarged = [...truths.values()].filter((bytes) => bytes > least).length
const named = sessions?.outliers.length ?? 0
verdict(`${String(errors.length)} of ${String(count)} are measured`, errors.length === count)
verdict('each within 5 % of its truth', errors.length > 0 && largest <= ERROR_BAR)
verdict(`${String(named)} of ${String(enlarged)} outliers are named`, named === enlarged)
