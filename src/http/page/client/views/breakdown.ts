/** Where all of RSS is, as a tree, on servers that report it. */
import { formatBytes, formatShare } from '../../../../support/units.js'
import { longName } from '../../model/names.js'
import type { MemoryNode } from '../../../../report/breakdown/types.js'
import { byId, make } from '../dom.js'
import type { PageStore } from '../state.js'

/** Shows the section where there is something in it. */
export function mountBreakdown(store: PageStore): void {
  store.watch(['breakdown'], ({ breakdown }) => {
    const section = byId('breakdown-section', HTMLElement)
    section.hidden = breakdown === null
    if (breakdown === null) return
    const content = byId('breakdown', HTMLElement)
    const opened = new Set([...content.querySelectorAll('details[open]')].map((node) => node.getAttribute('data-path')))
    const isFirst = content.childElementCount === 0
    const isOpen = (path: string, depth: number): boolean => (isFirst ? depth < 1 : opened.has(path))
    content.replaceChildren(make('ul', { class: 'tree' }, item(breakdown, breakdown.bytes, '', 0, isOpen)))
  })
}

type IsOpen = (path: string, depth: number) => boolean

function item(node: MemoryNode, whole: number, above: string, depth: number, isOpen: IsOpen): HTMLElement {
  const path = `${above}/${node.name}`
  const children = (node.children ?? []).toSorted((a, b) => b.bytes - a.bytes)
  if (children.length === 0) return make('li', {}, line(node, whole))
  return make(
    'li',
    {},
    make(
      'details',
      { 'data-path': path, open: isOpen(path, depth) },
      make('summary', {}, line(node, whole)),
      make('ul', {}, ...children.map((child) => item(child, whole, path, depth + 1, isOpen))),
    ),
  )
}

function line({ name, bytes, note }: MemoryNode, whole: number): HTMLElement {
  const meter = make('span')
  meter.style.width = `${String(Math.min(100, Math.max(0, (100 * bytes) / Math.max(1, whole))))}%`
  return make(
    'span',
    { class: 'node' },
    make('span', {}, longName(name), note === undefined ? null : make('span', { class: 'note' }, note)),
    make('span', { class: 'meter', 'aria-hidden': 'true' }, meter),
    make('span', { class: 'figure' }, `${formatBytes(bytes)} (${formatShare(bytes, whole)})`),
  )
}
