/** The process that the page shows: its name, allocator, version, uptime; whether the server answers; further pages; the theme. */
import { longName } from '../../model/names.js'
import { formatDuration } from '../../model/time.js'
import type { StatusView } from '../../../admin/types.js'
import { byId, make, onClick, setText } from '../dom.js'
import type { PageState, PageStore } from '../state.js'
import type { Theme } from '../theme.js'

/** Fills the header and keeps it up to date. */
export function mountHeader(store: PageStore, theme: Theme): void {
  store.watch(['status'], ({ status }) => {
    if (status !== null) showProcess(status)
  })
  store.watch(['connection', 'tick'], showConnection)
  const button = byId('theme', HTMLButtonElement)
  const showTheme = (): void => {
    const { current, next } = theme
    setText(button, `Theme: ${current}`)
    button.setAttribute('aria-label', `Theme: ${current}. Change to ${next}.`)
  }
  showTheme()
  onClick(button, () => {
    theme.change()
    showTheme()
  })
}

function showProcess({ process, allocator, role, links }: StatusView): void {
  const title = longName(process.package ?? process.title)
  const host = longName(process.host)
  setText(byId('process-title', HTMLElement), title)
  document.title = `${title} · ${host} · ${String(process.pid)}`
  const version = allocator.version?.split('-', 1)[0] ?? null
  byId('process-facts', HTMLElement).replaceChildren(
    ...[
      `host ${host}`,
      `pid ${String(process.pid)}`,
      `Node ${process.nodeVersion}`,
      version === null ? allocator.name : `${allocator.name} ${version}`,
      `up ${formatDuration(1000 * process.uptimeSeconds)}`,
      ...(role === 'read-only' ? ['you may read only'] : []),
    ].map((fact) => make('li', {}, fact)),
  )
  const nav = byId('links', HTMLElement)
  nav.hidden = links.length === 0
  nav.replaceChildren(
    ...links.filter(({ href }) => isSafe(href)).map((link) => make('a', { href: link.href }, link.title)),
  )
}

/** A link of the mounting code's; never one that runs a script. */
function isSafe(href: string): boolean {
  return ['http:', 'https:'].includes(new URL(href, location.href).protocol)
}

function showConnection({ connection }: PageState): void {
  const element = byId('connection', HTMLElement)
  element.dataset['state'] = connection.state
  setText(element, { connecting: 'connecting', live: 'live', lost: 'no answer' }[connection.state])
}
