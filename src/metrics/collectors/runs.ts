/** Attribution runs: how many, how they ended. */
import type { PulledMetric } from '../definition.js'
import { one } from '../sample.js'

export const RUNS: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_runs_total',
    type: 'counter',
    help: 'Runs that ended: finished with a report, failed, or aborted.',
    labels: ['status', 'mode', 'trigger'],
    source: 'events `run-finished` and `run-failed`',
    needs: 'a run',
    counts: 'run',
    read: ({ runs }) => runs.runs,
  },
  {
    name: 'cache_attribution_run_releases_total',
    type: 'counter',
    help: 'Caches in the reports of finished runs, by what became of each.',
    labels: ['status'],
    source: '`report.caches[].status`',
    counts: 'release',
    read: ({ runs }) => runs.rows,
  },
  {
    name: 'cache_attribution_run_errors_total',
    type: 'counter',
    help: 'Runs that failed, by the code of their error; aborted ones are not counted.',
    labels: ['code'],
    source: 'event `run-failed`',
    needs: 'a run that failed',
    counts: 'error',
    read: ({ runs }) => runs.errors,
  },
  {
    name: 'cache_attribution_run_consecutive_failures',
    type: 'gauge',
    help: 'Runs that failed one after the other, up to now; a finished one sets it to zero.',
    labels: [],
    source: 'events `run-finished` and `run-failed`',
    counts: 'run',
    read: ({ runs }) => one(runs.failedInARow),
  },
  {
    name: 'cache_attribution_run_active',
    type: 'gauge',
    help: 'Whether a run is under way: 1, else 0.',
    labels: [],
    source: '`coordinator.isRunning`',
    counts: 'run',
    adds: true,
    read: ({ isRunning }) => one(Number(isRunning)),
  },
  {
    name: 'cache_attribution_run_finished_timestamp_seconds',
    type: 'gauge',
    help: 'When the last run finished, in seconds since 1970.',
    labels: [],
    source: 'event `run-finished`',
    needs: 'a run',
    read: ({ runs }) => one(runs.lastFinishedSeconds),
  },
]
