/** The views below the answer, one at a time: tabs, as the pattern of ARIA has them, and an address each. */
import { byId, make, onClick, setAttributes } from '../dom.js'
import type { PageStore } from '../state.js'

/** Id of a section in page.html → its name. */
const VIEWS = [
  ['caches', 'Caches'],
  ['owners-view', 'Owners and packages'],
  ['history-view', 'Growth and history'],
  ['heap-view', 'JS heap by class'],
  ['threads-view', 'Threads'],
  ['cluster-view', 'Processes'],
  ['rss-view', 'All of RSS'],
  ['reports-view', 'Saved reports'],
] as const

/** The views that can be shown. */
type ViewName = (typeof VIEWS)[number][0]

/** Shows one of them. */
export interface Tabs {
  show(view: ViewName): void
}

/** Views that are offered where there is something to ask. */
const ASKED_FOR: readonly ViewName[] = ['threads-view', 'cluster-view']

/** Makes the row of tabs; the address says which one is open. */
export function mountTabs(store: PageStore): Tabs {
  const row = byId('tabs', HTMLElement)
  const tabs = VIEWS.map(([id, name]) => {
    const panel = byId(id, HTMLElement)
    setAttributes(panel, { role: 'tabpanel', 'aria-labelledby': `tab-${id}` })
    const tab = make('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': id }, name)
    tab.hidden = ASKED_FOR.includes(id)
    onClick(tab, () => {
      select(id)
      history.replaceState(null, '', `#${id}`)
    })
    return { id, tab, panel }
  })
  const select = (wanted: string): void => {
    for (const { id, tab, panel } of tabs) {
      const isShown = id === wanted
      panel.hidden = !isShown
      setAttributes(tab, { 'aria-selected': String(isShown), tabindex: isShown ? 0 : -1 })
    }
  }
  row.addEventListener('keydown', (event) => {
    const offered = tabs.filter(({ tab }) => !tab.hidden)
    const at = offered.findIndex(({ tab }) => tab === event.target)
    const steps: Readonly<Record<string, number>> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }
    const step = Object.hasOwn(steps, event.key) ? steps[event.key] : undefined
    const next = step === undefined || at === -1 ? undefined : offered.at(step % offered.length)
    if (next === undefined) return
    event.preventDefault()
    select(next.id)
    next.tab.focus()
  })
  row.replaceChildren(...tabs.map(({ tab }) => tab))
  const addressed = location.hash.slice(1)
  const isOffered = (id: string): boolean => tabs.some((each) => each.id === id && !each.tab.hidden)
  select(isOffered(addressed) ? addressed : 'caches')
  store.watch(['status'], ({ status }) => {
    if (status === null) return
    const { workerThreads, clusterWorkers } = status.process
    for (const { id, tab, panel } of tabs) {
      if (!ASKED_FOR.includes(id)) continue
      const wasHidden = tab.hidden
      tab.hidden = (id === 'threads-view' ? workerThreads : clusterWorkers) === 0
      // A view that is being read stays, whatever has ended meanwhile.
      if (tab.hidden && !panel.hidden) tab.hidden = false
      if (wasHidden && !tab.hidden && location.hash === `#${id}`) select(id)
    }
  })
  return {
    show: (view) => {
      select(view)
      byId(view, HTMLElement).focus()
    },
  }
}
