/** The caches of the primary and its workers: each cache over all of them, and each process with what it holds. */
import {
  FLEET_CACHE_COLUMNS,
  differenceLines,
  outlierLines,
  problemsOfFleet,
  replicaColumns,
  titleOfFleet,
} from '../../../../fleet/fleet-columns.js'
import { make } from '../dom.js'
import type { RunActions } from '../run-actions.js'
import type { PageStore } from '../state.js'
import { columnTable, mountMeasured, noteList } from './column-table.js'

/** More columns fit no window. */
const CACHES_SHOWN = 6

/** Fills the section and keeps it up to date. */
export function mountCluster(store: PageStore, runs: RunActions): void {
  mountMeasured(store, {
    task: 'cluster',
    button: 'measure-cluster',
    content: 'cluster',
    words: {
      ask: 'Measure all processes',
      asking: 'Measuring …',
      meanwhile: 'Each process measures its caches in a twin of its own, one process after the other.',
      before:
        'Measures the caches of this process and its workers, each in a twin of its own. A worker answers where it was started with cache-attribution/auto.',
    },
    result: ({ cluster }) => cluster,
    show: (report) => {
      const { replicas, caches } = report
      const measured = replicas.filter(({ status }) => status === 'measured')
      return [
        make('p', { class: 'memory-note' }, `${titleOfFleet(report)}.`),
        ...noteList('Differences and outliers', [...caches.flatMap(differenceLines), ...caches.flatMap(outlierLines)]),
        ...columnTable('Each cache, over the processes that have one of its name', FLEET_CACHE_COLUMNS, caches),
        ...columnTable('Each process, with its memory and its caches', replicaColumns(caches, CACHES_SHOWN), measured),
        ...noteList('Processes that were not measured', problemsOfFleet(report)),
      ]
    },
    measure: () => runs.measureCluster(),
  })
}
