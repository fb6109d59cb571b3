/** The process's memory as one bar of parts that do not overlap, and the same as a list. */
import { formatBytes, formatShare } from '../../../../support/units.js'
import { splitBreakdown, splitMemory } from '../../model/memory-split.js'
import type { MemoryPart, MemorySplit } from '../../model/memory-split.js'
import { byId, make } from '../dom.js'
import type { PageStore } from '../state.js'

/** Fills the section and keeps it up to date. */
export function mountMemory(store: PageStore): void {
  const section = byId('memory', HTMLElement)
  for (const [event, isOver] of [
    ['pointerover', true],
    ['pointerleave', false],
  ] as const) {
    section.addEventListener(event, ({ target }) => {
      const part = target instanceof Element ? target.closest('[data-part]') : null
      show(section, isOver ? (part?.getAttribute('data-part') ?? null) : null)
    })
  }
  store.watch(['sample', 'breakdown'], ({ sample, breakdown }) => {
    if (sample === null) return
    const split = breakdown === null ? splitMemory(sample) : splitBreakdown(breakdown)
    byId('memory-total', HTMLElement).replaceChildren(formatBytes(split.rssBytes), make('small', {}, 'resident (RSS)'))
    section.replaceChildren(stack(split), list(split), ...notes(split))
    show(section, null)
  })
}

function stack({ parts }: MemorySplit): HTMLElement {
  const words = parts.map(({ title, bytes }) => `${title} ${formatBytes(bytes)}`).join(', ')
  const whole = sum(parts)
  return make(
    'div',
    { class: 'stack', role: 'img', 'aria-label': `Resident memory in parts: ${words}` },
    ...parts.map(({ key, title, bytes }) => {
      const hint = `${title}: ${formatBytes(bytes)}, ${formatShare(bytes, whole)}`
      const segment = make('span', { class: key, 'data-part': key, title: hint })
      segment.style.flexGrow = String(bytes / whole)
      segment.style.flexBasis = '0'
      return segment
    }),
  )
}

function list(split: MemorySplit): HTMLElement {
  const whole = sum(split.parts)
  return make(
    'ul',
    { class: 'parts', 'aria-label': 'Resident memory in parts' },
    ...split.parts.map(({ key, title, note, bytes }) =>
      make(
        'li',
        { 'data-part': key },
        make('i', { class: `swatch ${key}` }),
        make('span', {}, title),
        make('span', { class: 'figure' }, formatBytes(bytes), ' ', make('small', {}, formatShare(bytes, whole))),
        make('span', { class: 'note' }, note),
      ),
    ),
  )
}

function notes({ notResidentBytes }: MemorySplit): HTMLElement[] {
  if (notResidentBytes <= 0) return []
  const words = `${formatBytes(notResidentBytes)} of these parts are committed but not resident: never touched, or swapped out.`
  return [make('p', { class: 'memory-note' }, words)]
}

function sum(parts: readonly MemoryPart[]): number {
  return parts.reduce((total, { bytes }) => total + bytes, 0)
}

/** The part under the pointer, in the bar and in the list. */
function show(section: HTMLElement, key: string | null): void {
  if (key === null) delete section.dataset['shown']
  else section.dataset['shown'] = key
  for (const element of section.querySelectorAll('[data-part]')) {
    element.classList.toggle('is-shown', element.getAttribute('data-part') === key)
  }
}
