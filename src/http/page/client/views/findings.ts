/** After a run: what to do about what it found, each with a way there. */
import { isGrowing } from '../../../../report/trends/format-trends.js'
import { formatBytes, formatCount } from '../../../../support/units.js'
import { isLimitNear } from '../../model/answer.js'
import { shortName } from '../../model/names.js'
import { byId, make, onClick } from '../dom.js'
import type { PageState, PageStore } from '../state.js'
import type { Tabs } from './tabs.js'

const HOLDERS_SHOWN = 2

/** Below the headline; nothing before a run. */
export function mountFindings(store: PageStore, tabs: Tabs): void {
  store.watch(['holdings', 'report', 'trends', 'status'], (state) => {
    const items = state.report === null ? [] : findings(state, store, tabs)
    const list = byId('findings', HTMLElement)
    const shown = items.map(({ text }) => text).join('\n')
    list.hidden = items.length === 0
    if (list.dataset['shown'] === shown) return
    list.dataset['shown'] = shown
    list.replaceChildren(...items.map(({ element }) => element))
  })
}

interface Finding {
  readonly text: string
  readonly element: HTMLElement
}

function findings(state: PageState, store: PageStore, tabs: Tabs): Finding[] {
  const { holdings, report, trends, status } = state
  if (holdings === null || report === null) return []
  const toAct = holdings.rows.filter(
    ({ kind, key, advice }) => (kind === 'cache' || kind === 'owner') && key !== 'owner:rest' && advice !== '',
  )
  const holders = toAct.slice(0, HOLDERS_SHOWN).map(({ key, name, advice, bytes }) =>
    finding(`${shortName(name)}, ${formatBytes(bytes)}:`, advice, 'Show it', () => {
      openRow(store, key)
    }),
  )
  const unknown = holdings.rows.find(({ kind }) => kind === 'unknown')
  const profile = status?.links.find(({ title }) => title === 'Flame graph')
  const isUnknownLarge = unknown !== undefined && unknown.bytes > UNKNOWN_SHARE * holdings.rssBytes
  return [
    ...holders,
    ...(trends === null || !isGrowing(trends.floor)
      ? []
      : [
          finding('What no cache holds grows:', 'something leaks.', 'See what grows', () => {
            tabs.show('history-view')
          }),
        ]),
    ...(isUnknownLarge && profile !== undefined
      ? [link(`${formatBytes(unknown.bytes)} are not known:`, 'A heap profile names who allocates them.', profile)]
      : []),
    ...(report.warnings.length === 0
      ? []
      : [
          finding(
            `${formatCount(report.warnings.length)} warnings`,
            'of the run say what to mind.',
            'Read them',
            () => {
              tabs.show('caches')
              byId('report-notes', HTMLElement).scrollIntoView({ block: 'center' })
            },
          ),
        ]),
    ...(isLimitNear(holdings.rssBytes, status?.process.memoryLimitBytes ?? null)
      ? [
          finding('The limit is near:', 'freed pages and small caches come back first.', 'See all of RSS', () => {
            tabs.show('rss-view')
          }),
        ]
      : []),
  ]
}

const UNKNOWN_SHARE = 0.1

function finding(what: string, words: string, title: string, act: () => void): Finding {
  const button = make(
    'button',
    { type: 'button', class: 'link', 'aria-label': `${title}: ${what.replace(/:$/, '')}` },
    title,
  )
  onClick(button, act)
  return { text: `${what} ${words}`, element: make('li', {}, make('strong', {}, what), ` ${words} `, button) }
}

function link(
  what: string,
  words: string,
  { title, href }: { readonly title: string; readonly href: string },
): Finding {
  const element = make('li', {}, make('strong', {}, what), ` ${words} `, make('a', { href }, title))
  return { text: `${what} ${words}`, element }
}

/** Opens the row of a holder and goes there. */
function openRow(store: PageStore, key: string): void {
  store.set({ opened: new Set([...store.state.opened, key]) })
  const index = store.state.holdings?.rows.findIndex((row) => row.key === key) ?? -1
  // Once it is drawn.
  requestAnimationFrame(() => {
    setTimeout(() => {
      const row = document.querySelector(`#holder-${String(index)}`)
      row?.scrollIntoView({ block: 'center' })
      row?.previousElementSibling?.querySelector('button')?.focus({ preventScroll: true })
    })
  })
}
