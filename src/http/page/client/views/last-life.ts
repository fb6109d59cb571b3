/** How the process before this one ended, where its black box says so. */
import { byId, make } from '../dom.js'
import type { PageStore } from '../state.js'

/** Above everything else: after a restart it is what a reader looks for. */
export function mountLastLife(store: PageStore): void {
  const region = byId('last-life', HTMLElement)
  store.watch(['status'], ({ status }) => {
    const lastLife = status?.lastLife ?? null
    region.hidden = lastLife === null
    if (lastLife === null) return
    region.replaceChildren(
      make('p', {}, make('strong', {}, 'The process before this one: '), lastLife.headline.join(' ')),
    )
  })
}
