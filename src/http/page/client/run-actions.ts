/** Starting, following and aborting runs; what comes over the stream goes into the state as it comes. */
import type { CoordinatorEventPayloads } from '../../../coordinator/events.js'
import type { Discovery } from '../../../report/discovery/types.js'
import type { AttributionReport } from '../../../report/types.js'
import type { DiscoverProgress } from '../../../twin/discover/discover-progress.js'
import type { LiveRow } from '../model/cache-rows.js'
import { problemOfDocument, problemOfSilence } from '../model/problem.js'
import type { RunBody } from '../model/run-request.js'
import type { ServerSentEvent } from '../model/server-sent-events.js'
import {
  deleteRun,
  postCluster,
  postDiscover,
  postHistogram,
  postRelease,
  postRun,
  postSnapshot,
  postThreads,
  ProblemError,
} from './api.js'
import { cures } from './cures.js'
import { saveAs } from './dom.js'
import { refreshReports } from './refresh.js'
import type { Refresher } from './refresh.js'
import { withProblem, withoutProblem } from './state.js'
import type { RunProgress, ShownProblem, PageStore, TwinTask } from './state.js'

/** The actions of the page. */
export interface RunActions {
  start(body: RunBody): Promise<void>
  release(name: string): Promise<void>
  abort(): Promise<void>
  discover(): Promise<void>
  countClasses(): Promise<void>
  downloadSnapshot(): Promise<void>
  measureThreads(): Promise<void>
  measureCluster(): Promise<void>
}

/** The actions over one state. */
export function createRunActions(store: PageStore, refresher: Refresher): RunActions {
  const guarded = async (topic: ShownProblem['topic'], action: () => Promise<void>): Promise<void> => {
    store.set(withoutProblem(store.state, topic))
    try {
      await action()
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      store.set(withProblem(store.state, topic, error.problem))
    }
  }
  const follow = async (
    mode: RunProgress['mode'],
    events: AsyncGenerator<ServerSentEvent, void>,
    { topic = 'run', seeksOwners = false }: FollowOptions = {},
  ): Promise<void> => {
    if (store.state.run?.own === true) return
    store.set({ run: { ...newRun(mode), seeksOwners }, ...withoutProblem(store.state, 'restart') })
    try {
      await guarded(topic, () => takeEvents(store, events))
    } finally {
      store.set({ run: null })
      await refresher.now()
    }
  }
  const twinTask = async (task: TwinTask, action: () => Promise<void>): Promise<void> => {
    store.set({ twinTask: task })
    await guarded(task === 'histogram' || task === 'snapshot' ? 'heap' : 'threads', action)
    store.set({ twinTask: null })
    await refresher.now()
  }
  return {
    countClasses: () =>
      twinTask('histogram', async () => {
        store.set({ histogram: await postHistogram() })
      }),
    downloadSnapshot: () =>
      twinTask('snapshot', async () => {
        const now = new Date().toISOString().replaceAll(/[:.]/g, '-')
        saveAs(`heap-${String(store.state.status?.process.pid ?? 0)}-${now}.heapsnapshot`, await postSnapshot())
      }),
    measureThreads: () =>
      twinTask('threads', async () => {
        store.set({ threads: await postThreads() })
      }),
    measureCluster: () =>
      twinTask('cluster', async () => {
        store.set({ cluster: await postCluster() })
      }),
    start: (body) => follow(body.mode, postRun(body), { seeksOwners: body.discover !== undefined }),
    release: (name) => follow('release', postRelease(name)),
    abort: async () => {
      const { run } = store.state
      if (run === null || run.isAborting) return
      store.set({ run: { ...run, isAborting: true } })
      await guarded('run', deleteRun)
    },
    discover: () => follow('discover', postDiscover(), { topic: 'discover' }),
  }
}

interface FollowOptions {
  readonly topic?: 'run' | 'discover'
  readonly seeksOwners?: boolean
}

function newRun(mode: RunProgress['mode']): RunProgress {
  const nothingYet = { planned: null, done: new Map(), lastDone: null, discovering: null, seeksOwners: false }
  return { own: true, mode, ...nothingYet, isAborting: false }
}

async function takeEvents(store: PageStore, events: AsyncGenerator<ServerSentEvent, void>): Promise<void> {
  for await (const { event, data } of events) {
    switch (event) {
      case 'report': {
        const report = JSON.parse(data) as AttributionReport
        await refreshReports(store, report)
        return
      }
      case 'discovery':
        store.set({ discovery: JSON.parse(data) as Discovery })
        return
      case 'problem':
        throw new ProblemError(problemOfDocument(data, cures))
      default:
        takeProgress(store, event, data)
    }
  }
  throw new ProblemError(
    problemOfSilence('The connection ended before the result. If the run was completed, its report is in the history.'),
  )
}

function takeProgress(store: PageStore, event: string, data: string): void {
  const { run } = store.state
  if (run === null) return
  const payload: unknown = JSON.parse(data)
  switch (event as keyof CoordinatorEventPayloads | 'discovery-progress') {
    case 'discovery-progress':
      store.set({ run: { ...run, discovering: payload as DiscoverProgress } })
      return
    case 'run-started': {
      const { id, mode } = payload as CoordinatorEventPayloads['run-started']
      store.set({ run: { ...run, id, mode } })
      return
    }
    case 'run-planned': {
      const { order, skipped } = payload as CoordinatorEventPayloads['run-planned']
      const done = new Map(run.done)
      for (const { name, error } of skipped) done.set(name, { kind: 'skipped', status: 'skipped', error })
      store.set({ run: { ...run, planned: new Set(order), done } })
      return
    }
    case 'cache-released': {
      const { name, allocatedBytes, heapBytes, mappedBytes } = payload as CoordinatorEventPayloads['cache-released']
      store.set({ run: withRow(run, name, { kind: 'released', allocatedBytes, heapBytes, mappedBytes }) })
      return
    }
    case 'cache-failed': {
      const { name, status, error } = payload as CoordinatorEventPayloads['cache-failed']
      const failed = status === 'timed-out' ? 'timed-out' : 'failed'
      store.set({ run: withRow(run, name, { kind: 'failed', status: failed, error }) })
      return
    }
    case 'cache-skipped': {
      const { name, error } = payload as CoordinatorEventPayloads['cache-skipped']
      store.set({ run: withRow(run, name, { kind: 'skipped', status: 'skipped', error }) })
      return
    }
    case 'run-finished':
    case 'run-failed':
    case 'released-under-pressure':
    case 'warning':
      // The report has them.
      return
  }
}

function withRow(run: RunProgress, name: string, row: LiveRow): RunProgress {
  return { ...run, done: new Map(run.done).set(name, row), lastDone: name }
}
