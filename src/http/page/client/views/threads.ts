/** The caches of all threads: the same cache of several threads in one line, and each thread with its heap. */
import {
  CACHE_OF_THREADS_COLUMNS,
  problemsOfThread,
  threadColumns,
  titleOfThreads,
} from '../../../../threads/threads-columns.js'
import { make } from '../dom.js'
import type { RunActions } from '../run-actions.js'
import type { PageStore } from '../state.js'
import { columnTable, mountMeasured, noteList } from './column-table.js'

/** More columns fit no window. */
const CACHES_SHOWN = 6

/** Fills the section and keeps it up to date. */
export function mountThreads(store: PageStore, runs: RunActions): void {
  mountMeasured(store, {
    task: 'threads',
    button: 'measure-threads',
    content: 'threads',
    words: {
      ask: 'Measure all threads',
      asking: 'Measuring …',
      meanwhile: 'Each thread measures its caches in a twin of its own, one thread after the other.',
      before:
        'Measures the caches of every thread, each in a twin of its own: nothing is lost, and the event loop of each thread pauses for a fork.',
    },
    result: ({ threads }) => threads,
    show: (report) => [
      make('p', { class: 'memory-note' }, `${titleOfThreads(report)}. RSS is the process’s: its threads share it.`),
      ...columnTable('Each cache, over the threads that have one of its name', CACHE_OF_THREADS_COLUMNS, report.caches),
      ...columnTable('Each thread, with its heap and its caches', threadColumns(report, CACHES_SHOWN), report.threads),
      ...noteList('Threads that were not measured', report.threads.flatMap(problemsOfThread)),
    ],
    measure: () => runs.measureThreads(),
  })
}
