/** The page: wires the state to what shows it. */
import { problemOfSilence } from '../model/problem.js'
import { getReport, getReportText, ProblemError } from './api.js'
import { saveAs } from './dom.js'
import { startRefreshing } from './refresh.js'
import { createRunActions } from './run-actions.js'
import { createStore, withProblem, withoutProblem } from './state.js'
import type { PageStore } from './state.js'
import { createTheme } from './theme.js'
import { mountBreakdown } from './views/breakdown.js'
import { mountCacheTable } from './views/cache-table.js'
import { createConfirmDialog } from './views/confirm.js'
import { mountGrowth } from './views/growth.js'
import { mountHeader } from './views/header.js'
import { mountHeap } from './views/heap.js'
import { mountHistory } from './views/history.js'
import { mountOwners } from './views/owners.js'
import { mountMemory } from './views/memory.js'
import { mountProblems } from './views/problems.js'
import { mountProgress } from './views/progress.js'
import { mountRunForm, releaseOne } from './views/run-form.js'
import type { ReportActions } from './views/report-list.js'
import { mountTotals } from './views/totals.js'

const store = createStore()
const refresher = startRefreshing(store)
const runs = createRunActions(store, refresher)
const dialog = createConfirmDialog()
const reports = reportActions(store)

mountProblems(store, () => void refresher.now())
mountMemory(store)
mountRunForm(store, runs, dialog)
mountProgress(store, runs)
mountTotals(store, reports.downloadText)
mountCacheTable(store, {
  release: (name) => void releaseOne(store, runs, dialog, name),
})
mountGrowth(store)
mountOwners(store, runs)
mountHeap(store, runs, dialog)
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
    show: (id) =>
      void tried(async () => {
        of.set({ report: await getReport(id) })
      }),
    downloadText: (id) =>
      void tried(async () => {
        saveAs(`report-${id.slice(0, 8)}.txt`, new Blob([await getReportText(id)], { type: 'text/plain' }))
      }),
  }
}

/** A fault of this page itself is said, and not left to a console that nobody looks at. */
function showOwnFailure(message: string): void {
  const problem = { ...problemOfSilence(message), title: 'This page has failed', cure: 'Reload it.' }
  store.set(withProblem(store.state, 'page', problem))
}
