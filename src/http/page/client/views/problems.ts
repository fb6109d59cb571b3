/** Problems in words: what happened, its code, and what to do about it. */
import { byId, make, onClick, setText } from '../dom.js'
import { withoutProblem } from '../state.js'
import type { ShownProblem, PageState, PageStore } from '../state.js'

/** Shows problems until they are put away; `retry` asks the server at once. */
export function mountProblems(store: PageStore, retry: () => void): void {
  const region = byId('problems', HTMLElement)
  store.watch(['problems'], ({ problems }) => {
    region.hidden = problems.length === 0
    region.replaceChildren(...problems.map((shown) => card(store, shown, retry)))
  })
  // Beside the cards, which come and go: the countdown to the next attempt.
  setInterval(() => {
    showCountdown(store.state)
  }, 1000)
  store.watch(['connection', 'problems'], showCountdown)
}

function card(store: PageStore, { topic, problem }: ShownProblem, retry: () => void): HTMLElement {
  const { title, detail, code, status, cure, retryAfterSeconds, runId } = problem
  const isLost = topic === 'connection'
  const dismiss = make('button', { type: 'button', 'aria-label': `Dismiss: ${title}` }, 'Dismiss')
  onClick(dismiss, () => {
    store.set(withoutProblem(store.state, topic))
    byId('caches', HTMLElement).focus({ preventScroll: true })
  })
  const again = make('button', { type: 'button' }, 'Try now')
  onClick(again, retry)
  const facts = [
    ...(code === null ? [] : [code]),
    ...(status === null ? [] : [`HTTP ${String(status)}`]),
    ...(runId === null ? [] : [`run ${runId}`]),
  ]
  return make(
    'div',
    { class: 'problem', role: 'alert', 'data-topic': topic },
    make('h2', {}, title),
    detail === '' ? null : make('p', {}, detail),
    cure === null ? null : make('p', { class: 'cure' }, cure),
    retryAfterSeconds === null ? null : make('p', {}, `Possible again in ${String(retryAfterSeconds)} s.`),
    isLost ? make('p', { class: 'countdown', 'aria-hidden': 'true' }) : null,
    facts.length === 0 ? null : make('p', { class: 'code' }, make('code', {}, facts.join(' · '))),
    make('div', { class: 'actions' }, isLost ? again : dismiss),
  )
}

function showCountdown({ connection }: PageState): void {
  const element = document.querySelector('.countdown')
  if (element === null || connection.state !== 'lost') return
  const seconds = Math.max(0, Math.ceil((connection.retryAtMs - Date.now()) / 1000))
  setText(element, seconds === 0 ? 'Trying …' : `Next try in ${String(seconds)} s.`)
}
