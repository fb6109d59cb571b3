/** The details below a cache: the figures behind the row, an error in words, and its release. */
import { longName } from '../../model/names.js'
import type { CacheRow } from '../../model/cache-rows.js'
import { cures } from '../cures.js'
import { make, onClick } from '../dom.js'
import type { PageState } from '../state.js'
import { detailsOf } from './cache-row.js'

/** The requests of the details. */
export interface DetailActions {
  /** Release this one, measured; asks first. */
  release(name: string): void
}

/** The row below a row; its button stays, so that the focus does. */
export interface DetailsElement {
  readonly element: HTMLTableRowElement
  show(row: CacheRow, id: string, state: PageState): void
}

/** Empty details of the cache of this name. */
export function makeDetails(name: string, actions: DetailActions): DetailsElement {
  const grid = make('dl', { class: 'detail-grid' })
  const failure = make('div')
  const button = make('button', { type: 'button' }, 'Release this cache …')
  onClick(button, () => {
    actions.release(name)
  })
  const release = make('p', { class: 'detail-actions' }, button)
  const element = make(
    'tr',
    { role: 'row', class: 'details' },
    make('td', { role: 'cell', colspan: 10 }, grid, failure, release),
  )
  const show = (row: CacheRow, id: string, { status, run }: PageState): void => {
    element.id = id
    const items = [['Name', longName(name)] as const, ...detailsOf(row)]
    grid.replaceChildren(
      ...items.map(([label, value]) => make('div', {}, make('dt', {}, label), make('dd', {}, value))),
    )
    failure.replaceChildren(...error(row))
    release.hidden = row.view?.traits.live !== true || status?.modes.includes('release') !== true
    button.disabled = status?.role !== 'operator' || run !== null
  }
  return { element, show }
}

function error({ error: failure }: CacheRow): HTMLElement[] {
  if (failure === null) return []
  const { code, message } = failure
  const cure = cures[code]
  return [
    make(
      'p',
      { class: 'row-error' },
      make('code', {}, code),
      ` ${longName(message)}`,
      cure === undefined ? null : make('span', { class: 'cure' }, ` ${cure}`),
    ),
  ]
}
