/** The top of the page: RSS of its limit, what grows, the largest holder, and the one button that finds out. */
import { headline } from '../../../../report/headline.js'
import { formatBytes, formatShare } from '../../../../support/units.js'
import { canFindOut, growthFact, largestFact, levelOf, limitShare } from '../../model/answer.js'
import type { Fact } from '../../model/answer.js'
import type { GrowthSources } from '../../model/row-growth.js'
import { FIND_OUT } from '../../model/run-request.js'
import { formatAge } from '../../model/time.js'
import { byId, make, onClick, placeBar, setText } from '../dom.js'
import type { RunActions } from '../run-actions.js'
import type { PageState, PageStore } from '../state.js'

/** Fills the top and keeps it up to date. */
export function mountAnswer(store: PageStore, runs: RunActions, showNow: () => void): void {
  const button = byId('find-out', HTMLButtonElement)
  onClick(button, () => void runs.start(FIND_OUT))
  store.watch(['holdings', 'status', 'pinned'], showRss)
  store.watch(['holdings', 'trends', 'reports', 'readings', 'caches', 'tick', 'status'], showFacts)
  store.watch(['status', 'run', 'twinTask', 'report', 'tick'], (state) => {
    const { status, run, twinTask } = state
    button.disabled = !canFindOut(status) || run !== null || twinTask !== null
    setText(byId('find-out-words', HTMLElement), wordsOf(state))
  })
  store.watch(['report'], ({ report }) => {
    const sentences = report === null ? [] : headline(report)
    const line = byId('headline', HTMLElement)
    line.hidden = sentences.length === 0
    setText(line, sentences.join(' '))
  })
  store.watch(['pinned'], ({ pinned }) => {
    const region = byId('pinned', HTMLElement)
    region.hidden = pinned === null
    const back = make('button', { type: 'button' }, 'Back to the process now')
    onClick(back, () => {
      showNow()
      byId('answer', HTMLElement).focus({ preventScroll: true })
    })
    region.replaceChildren(...(pinned === null ? [] : [make('p', {}, pinned), back]))
  })
}

function showRss({ holdings, status, pinned }: PageState): void {
  if (holdings === null) return
  const { rssBytes } = holdings
  // A saved report may be of another machine.
  const limitBytes = pinned === null ? (status?.process.memoryLimitBytes ?? null) : null
  const share = limitShare(rssBytes, limitBytes)
  const hint = `${rssBytes.toLocaleString('en-US')} bytes resident, as the kernel counts them`
  byId('rss', HTMLElement).replaceChildren(
    make('span', { class: 'rss-figure', title: hint }, formatBytes(rssBytes)),
    make(
      'span',
      { class: 'rss-limit' },
      limitBytes === null ? 'resident (RSS)' : `of ${formatBytes(limitBytes)} (RSS)`,
    ),
  )
  const bar = byId('rss-bar', HTMLElement)
  bar.hidden = share === null
  if (share !== null) {
    const fill = make('span', { 'data-level': levelOf(share) })
    placeBar(fill, 0, share)
    bar.replaceChildren(fill)
  }
  const note =
    limitBytes === null
      ? pinned === null
        ? 'no memory limit is set for this process'
        : ''
      : `${formatShare(rssBytes, limitBytes)} of the limit, ${formatBytes(Math.max(0, limitBytes - rssBytes))} left`
  setText(byId('rss-note', HTMLElement), note)
}

function showFacts(state: PageState): void {
  const { holdings, status } = state
  const facts = [growthFact(holdings, growthSourcesOf(state), Date.now()), largestFact(holdings, canFindOut(status))]
  byId('answer-facts', HTMLElement).replaceChildren(...facts.map(factElement))
}

/** The known changes of this process. */
export function growthSourcesOf({ trends, reports, readings, caches, status, pinned }: PageState): GrowthSources {
  if (pinned !== null) return { trends: null, reports: [], readings: [], caches: [] }
  const own = (reports ?? []).filter(({ pid }) => pid === status?.process.pid)
  return { trends, reports: own, readings, caches: caches ?? [] }
}

function factElement({ title, figure, note, isAlarm }: Fact): HTMLElement {
  return make(
    'div',
    { 'data-alarm': isAlarm },
    make('dt', {}, title),
    make('dd', { class: 'figure' }, figure),
    make('dd', { class: 'note' }, note),
  )
}

function wordsOf({ status, report }: PageState): string {
  if (status === null) return ''
  if (!status.twin.supported) return `No twin is available here: ${status.twin.reason ?? 'no reason given'}.`
  if (!status.modes.includes('twin')) return 'Twins are not allowed here.'
  if (status.role !== 'operator') return 'You may read. Only an operator may measure.'
  const what = 'Measures caches and owners in a fork of the process (a twin); it keeps every entry.'
  if (report === null) return what
  const age = formatAge(Date.now() - Date.parse(report.startedAt) - report.durationMs)
  return `${what} Last measured ${age}.`
}
