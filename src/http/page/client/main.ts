/** The page: wires the state to what shows it. */
import type { AttributionReport } from '../../../report/types.js'
import { problemOfSilence } from '../model/problem.js'
import { formatAge } from '../model/time.js'
import { getReport, getReportText, ProblemError } from './api.js'
import { saveAs } from './dom.js'
import { keepHoldings } from './keep-holdings.js'
import { refreshReports, startRefreshing } from './refresh.js'
import { createRunActions } from './run-actions.js'
import { createStore, withProblem, withoutProblem } from './state.js'
import type { PageStore } from './state.js'
import { createTheme } from './theme.js'
import { mountAnswer } from './views/answer.js'
import { mountBreakdown } from './views/breakdown.js'
import { mountCacheTable } from './views/cache-table.js'
import { mountCluster } from './views/cluster.js'
import { createConfirmDialog } from './views/confirm.js'
import { mountFindings } from './views/findings.js'
import { mountGrowth } from './views/growth.js'
import { mountHeader } from './views/header.js'
import { mountHeap } from './views/heap.js'
import { mountHistory } from './views/history.js'
import { mountHolders } from './views/holders.js'
import { mountLastLife } from './views/last-life.js'
import { mountOwners } from './views/owners.js'
import { mountMemory } from './views/memory.js'
import { mountProblems } from './views/problems.js'
import { mountProgress } from './views/progress.js'
import { mountRunForm, releaseOne } from './views/run-form.js'
import type { ReportActions } from './views/report-list.js'
import { mountSavedReports } from './views/saved-reports.js'
import { mountTabs } from './views/tabs.js'
import { mountThreads } from './views/threads.js'
import { mountTotals } from './views/totals.js'

const store = createStore()
const refresher = startRefreshing(store)
const runs = createRunActions(store, refresher)
const dialog = createConfirmDialog()
const reports = reportActions(store)
const tabs = mountTabs(store)
const release = (name: string): void => void releaseOne(store, runs, dialog, name)

mountProblems(store, () => void refresher.now())
mountLastLife(store)
keepHoldings(store)
mountAnswer(store, runs, reports.showNow)
mountHolders(store, { release })
mountSavedReports(store, reports)
mountFindings(store, tabs)
mountMemory(store)
mountRunForm(store, runs, dialog)
mountProgress(store, runs)
mountTotals(store, reports.downloadText)
mountCacheTable(store, { release })
mountGrowth(store)
mountOwners(store, runs)
mountHeap(store, runs, dialog)
mountThreads(store, runs)
mountCluster(store, runs)
const redrawHistory = mountHistory(store, reports)
mountBreakdown(store)
const theme = createTheme(redrawHistory)
mountHeader(store, theme)

addEventListener('error', ({ message }) => {
  showOwnFailure(message)
})
addEventListener('unhandledrejection', ({ reason }) => {
  showOwnFailure(String(reason))
})
void refresher.now()

function reportActions(of: PageStore): ReportActions {
  const tried = async (action: () => Promise<void>): Promise<void> => {
    try {
      of.set(withoutProblem(of.state, 'report'))
      await action()
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      of.set(withProblem(of.state, 'report', error.problem))
    }
  }
  return {
    showReport: (report, source) => {
      of.set({
        report,
        discovery: report.discovery ?? null,
        pinned: `The figures are those of a report from ${source}, of the process ${String(report.process.pid)} at ${report.startedAt}.`,
      })
    },
    fail: (problem) => {
      of.set(withProblem(of.state, 'report', problem))
    },
    get: (id) => getReport(id),
    tried,
    show: (id) =>
      void tried(async () => {
        show(of, await getReport(id))
      }),
    showNow: () =>
      void tried(async () => {
        of.set({ pinned: null, report: null, discovery: null })
        await refreshReports(of)
      }),
    downloadText: (id) =>
      void tried(async () => {
        saveAs(`report-${id.slice(0, 8)}.txt`, new Blob([await getReportText(id)], { type: 'text/plain' }))
      }),
  }
}

/** A report as it was: of this process the last one is what holds now. */
function show(of: PageStore, report: AttributionReport): void {
  const { reports: list, status } = of.state
  const last = list?.findLast(({ pid }) => pid === status?.process.pid)
  const age = formatAge(Date.now() - Date.parse(report.startedAt))
  const pinned =
    report.id === last?.id
      ? null
      : `The figures are those of a report from ${age}, of the process ${String(report.process.pid)}.`
  of.set({ report, pinned, discovery: report.discovery ?? null })
}

/** A fault of this page itself is said, and not left to a console that nobody looks at. */
function showOwnFailure(message: string): void {
  const problem = { ...problemOfSilence(message), title: 'This page has failed', cure: 'Reload it.' }
  store.set(withProblem(store.state, 'page', problem))
}
