/** After a run: what to do about what it found, each with a way there. */
import { REST_KEY } from '../../../../report/holdings/graph-claims.js'
import { isGrowing } from '../../../../report/trends/format-trends.js'
import { formatBytes, formatCount } from '../../../../support/units.js'
import { isLimitNear } from '../../model/answer.js'
import { shortName } from '../../model/names.js'
import { fastestByReports } from '../../model/row-growth.js'
import { byId, make, onClick } from '../dom.js'
import type { PageState, PageStore } from '../state.js'
import { growthSourcesOf } from './answer.js'
import type { Tabs } from './tabs.js'

const HOLDERS_SHOWN = 2

/** Below the headline; nothing before a run. */
export function mountFindings(store: PageStore, tabs: Tabs): void {
  store.watch(['holdings', 'report', 'reports', 'trends', 'status', 'pinned'], (state) => {
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
    ({ kind, key, advice }) => (kind === 'cache' || kind === 'owner') && key !== REST_KEY && advice !== '',
  )
  const grows = fastestByReports(toAct, growthSourcesOf(state))
  const growing =
    grows === null
      ? []
      : [
          finding(`${shortName(grows.row.name)} grows, ${grows.growth.words}:`, grows.row.advice, 'Show it', () => {
            openRow(store, grows.row.key)
          }),
        ]
  const others = toAct.filter(({ key }) => key !== grows?.row.key)
  const holders = others.slice(0, HOLDERS_SHOWN).map(({ key, name, advice, bytes }) =>
    finding(`${shortName(name)}, ${formatBytes(bytes)}:`, advice, 'Show it', () => {
      openRow(store, key)
    }),
  )
  const unknown = holdings.rows.find(({ kind }) => kind === 'unknown')
  const profile = status?.links.find(({ title }) => title === 'Flame graph')
  const isUnknownLarge = unknown !== undefined && unknown.bytes > UNKNOWN_SHARE * holdings.rssBytes
  return [
    ...growing,
    ...holders,
    ...(trends === null || !isGrowing(trends.floor)
      ? []
      : [
          finding('Memory in no cache grows:', 'something leaks.', 'See what grows', () => {
            tabs.show('history-view')
          }),
        ]),
    ...(isUnknownLarge && profile !== undefined
      ? [
          link(
            `${formatBytes(unknown.bytes)} have no known holder:`,
            'a heap profile shows which code allocates them.',
            profile,
          ),
        ]
      : []),
    ...warningsOf(report.warnings.length, tabs),
    ...(isLimitNear(holdings.rssBytes, status?.process.memoryLimitBytes ?? null)
      ? [
          finding(
            'The limit is near:',
            'the parts of RSS show how much of it is freed pages.',
            'See all of RSS',
            () => {
              tabs.show('rss-view')
            },
          ),
        ]
      : []),
  ]
}

const UNKNOWN_SHARE = 0.1

function warningsOf(count: number, tabs: Tabs): Finding[] {
  if (count === 0) return []
  const [what, says, title] =
    count === 1
      ? ['1 warning', 'came with this run.', 'Read it']
      : [`${formatCount(count)} warnings`, 'came with this run.', 'Read them']
  const show = (): void => {
    tabs.show('caches')
    byId('report-notes', HTMLElement).scrollIntoView({ block: 'center' })
  }
  return [finding(what, says, title, show)]
}

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
