/**
 * Keeps the state up to date: asks every few seconds while somebody looks, more rarely while the server is silent.
 *
 * Rule: one question at a time, and a process that was restarted is said to be another: what the old one was found to
 * hold is not shown as the new one's.
 */
import type { AttributionReport } from '../../../report/types.js'
import { problemOfSilence } from '../model/problem.js'
import type { Problem } from '../model/problem.js'
import type { StatusView } from '../../admin/types.js'
import {
  getBreakdown,
  getCaches,
  getObservation,
  getReport,
  getReports,
  getStatus,
  getTrends,
  ProblemError,
} from './api.js'
import { withProblem, withoutProblem } from './state.js'
import type { PageState, PageStore } from './state.js'

const EVERY_MS = 5_000
/** Trends change with readings, which come each minute or more rarely. */
const TRENDS_EVERY_TICKS = 12
const RETRY_MS = { first: 1_000, most: 30_000 } as const

/** Asks again and again. */
export interface Refresher {
  /** Now, out of turn; resolves when the answers are in. */
  now(): Promise<void>
}

/** Begins to ask. */
export function startRefreshing(store: PageStore): Refresher {
  let timer: ReturnType<typeof setTimeout> | undefined
  let current: Promise<void> | null = null
  const known: Known = { asked: new Set(), trendsOf: undefined }
  const now = (): Promise<void> => {
    clearTimeout(timer)
    current ??= refresh(store, known).finally(() => {
      current = null
      plan()
    })
    return current
  }
  const plan = (): void => {
    const { connection } = store.state
    const delayMs = connection.state === 'lost' ? Math.max(0, connection.retryAtMs - Date.now()) : EVERY_MS
    clearTimeout(timer)
    if (!document.hidden) timer = setTimeout(() => void now(), delayMs)
  }
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer)
    else void now()
  })
  addEventListener('online', () => void now())
  return { now }
}

/** The answers that were asked for, and are not asked for again. */
interface Known {
  /** Ids of runs whose reports were looked for. */
  readonly asked: Set<string>
  /** Id of the newest report when the trends were last asked for. */
  trendsOf: string | undefined
}

async function refresh(store: PageStore, known: Known): Promise<void> {
  try {
    const [status, caches, { sample }] = await Promise.all([getStatus(), getCaches(), getObservation()])
    const { state } = store
    const isAnother = state.status !== null && isRestarted(state.status, status)
    const isFirst = state.status === null || isAnother
    if (isAnother) store.set({ ...forgotten(), ...restartProblem(state, status) })
    const hasNews =
      isFirst ||
      (state.run !== null && !state.run.own && status.run === null) ||
      isBehind({ ...state, caches }, known.asked)
    store.set({ status, caches, sample, tick: state.tick + 1, ...othersRun(store.state, status) })
    if (hasNews) await refreshReports(store)
    const newest = store.state.reports?.at(-1)?.id
    // A run of this page itself is no news to it, and a reading in the history all the same.
    if (status.hasHistory && (newest !== known.trendsOf || hasNews || state.tick % TRENDS_EVERY_TICKS === 0)) {
      store.set({ trends: await getTrends() })
      known.trendsOf = newest
    }
    if (isFirst || state.breakdown !== null) store.set({ breakdown: await getBreakdown() })
    store.set({ connection: { state: 'live' }, ...withoutProblem(store.state, 'connection') })
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    const { connection } = store.state
    const failures = connection.state === 'lost' ? connection.failures + 1 : 1
    const waitMs = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** (failures - 1))
    store.set({
      connection: { state: 'lost', failures, retryAtMs: Date.now() + waitMs },
      // One answer that gets lost is no news.
      ...(failures > 1 || !error.isSilence ? withProblem(store.state, 'connection', error.problem) : {}),
    })
  }
}

/** The list of reports, and the last of them unless an older one was chosen. */
export async function refreshReports(store: PageStore, chosen?: AttributionReport): Promise<void> {
  const reports = await getReports()
  // An earlier process's is a point of the history, and nothing that this one holds.
  const pid = store.state.status?.process.pid
  const last = reports.findLast((report) => report.pid === pid)
  // A reader who looks at another report goes on looking at it.
  if (chosen === undefined && store.state.pinned !== null) {
    store.set({ reports })
    return
  }
  const report = chosen ?? (last === undefined ? null : await getReport(last.id))
  store.set({
    reports,
    report,
    pinned: null,
    ...(report?.discovery === undefined ? {} : { discovery: report.discovery }),
  })
}

/** A cache was measured by a run that this page has not seen: by a schedule, or by a program. */
function isBehind({ caches, reports }: PageState, asked: Set<string>): boolean {
  // A run that was aborted leaves no report: it is asked for once.
  const known = new Set([...asked, ...(reports ?? []).map(({ id }) => id)])
  for (const { lastMeasured } of caches ?? []) if (lastMeasured !== null) asked.add(lastMeasured.reportId)
  const newest = reports?.at(-1)?.startedAt ?? ''
  return (caches ?? []).some(
    ({ lastMeasured }) =>
      lastMeasured !== null && !known.has(lastMeasured.reportId) && lastMeasured.measuredAt > newest,
  )
}

function othersRun(state: PageState, { run }: StatusView): Partial<PageState> {
  // An answer that this page itself has asked for is told where it was asked.
  if (state.run?.own === true || state.twinTask !== null) return {}
  if (run === null) return state.run === null ? {} : { run: null }
  if (state.run?.id === run.id) return {}
  const nothingYet = { planned: null, done: new Map(), lastDone: null, discovering: null, seeksOwners: false }
  return { run: { ...run, own: false, ...nothingYet, isAborting: false } }
}

/** Another pid, or a clock that went back. */
function isRestarted(before: StatusView, after: StatusView): boolean {
  return before.process.pid !== after.process.pid || after.process.uptimeSeconds < before.process.uptimeSeconds - 1
}

function forgotten(): Partial<PageState> {
  return {
    report: null,
    pinned: null,
    readings: [],
    reports: null,
    trends: null,
    discovery: null,
    histogram: null,
    threads: null,
    cluster: null,
    run: null,
    ticked: new Set(),
    expanded: new Set(),
  }
}

function restartProblem(state: PageState, { process }: StatusView): Partial<PageState> {
  const before = state.status?.process.pid ?? 0
  const problem: Problem = {
    ...problemOfSilence(
      `The earlier measurements are of the process ${String(before)}; this one is ${String(process.pid)}.`,
    ),
    title: 'The process was restarted',
    cure: 'Measure again once its caches have filled.',
  }
  return withProblem(state, 'restart', problem)
}
