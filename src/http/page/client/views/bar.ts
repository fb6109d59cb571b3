/** One bar of the chart: measured in its kinds, the whisker of its interval, the outline of what was claimed. */
import { formatBytes } from '../../../../support/units.js'
import { placeOn } from '../../model/scale.js'
import type { Scale } from '../../model/scale.js'
import { make, placeBar } from '../dom.js'

/** The values of a bar; null is not shown. */
export interface BarFigures {
  readonly bytes: number | null
  readonly uncertaintyBytes: number | null
  readonly allocatedBytes: number | null
  readonly heapBytes: number | null
  readonly mappedBytes: number | null
  readonly claimedBytes: number | null
  /** Says nothing by itself: within the noise. */
  readonly isSoft: boolean
  readonly isEstimate: boolean
  /** In one neutral colour: what is no cache. */
  readonly isNeutral?: boolean
}

/** The bar as an element; decoration to a screen reader, which reads the cells beside it. */
export function makeBar(figures: BarFigures, scale: Scale): HTMLElement {
  const { bytes, uncertaintyBytes, claimedBytes, isSoft, isEstimate } = figures
  const classes = ['bar', ...(isSoft ? ['is-soft'] : []), ...(isEstimate ? ['is-estimate'] : [])]
  const bar = make('div', { class: classes.join(' '), 'aria-hidden': 'true', title: hint(figures) })
  for (const tick of scale.ticks) {
    const line = make('span', { class: 'grid' })
    line.style.left = `${String(100 * placeOn(scale, tick))}%`
    bar.append(line)
  }
  if (claimedBytes !== null && claimedBytes > 0) bar.append(placed('claim', scale, 0, claimedBytes))
  if (bytes === null) return bar
  bar.append(...fills(figures, bytes, scale))
  if (bytes > scale.maxBytes) bar.append(make('span', { class: 'cut' }))
  // Outside of the axis there is nothing to put a whisker on.
  else if (uncertaintyBytes !== null && bytes + uncertaintyBytes > 0) {
    bar.append(placed('whisker', scale, bytes - uncertaintyBytes, bytes + uncertaintyBytes))
  }
  return bar
}

/** The axis above the bars. */
export function makeAxis({ ticks, maxBytes, unit }: Scale): HTMLElement {
  return make(
    'span',
    { class: 'axis', 'aria-hidden': 'true' },
    // The last label is the widest: the one before it makes room.
    ...ticks.map((bytes, index) => {
      if (ticks.length > 3 && index === ticks.length - 2) return null
      const figure = String(bytes / unit.bytes)
      // One unit, at the end: labels stay short.
      const label = make('span', {}, bytes === maxBytes ? `${figure} ${unit.name}` : figure)
      label.style.left = `${String((100 * bytes) / maxBytes)}%`
      return label
    }),
  )
}

function fills(figures: BarFigures, bytes: number, scale: Scale): HTMLElement[] {
  const { allocatedBytes, heapBytes, mappedBytes, isNeutral } = figures
  if (bytes <= 0) return []
  const isSplit = isNeutral !== true && (allocatedBytes !== null || heapBytes !== null)
  if (!isSplit) return [placed('fill last whole', scale, 0, bytes)]
  // A part below zero is told in the details; the bar ends at the sum all the same.
  const liveEnd = Math.min(bytes, Math.max(0, allocatedBytes ?? 0))
  const mappedEnd = Math.min(bytes, liveEnd + Math.max(0, mappedBytes ?? 0))
  const parts = [
    { name: 'live', from: 0, to: liveEnd },
    { name: 'mapped', from: liveEnd, to: mappedEnd },
    { name: 'heap-used', from: mappedEnd, to: bytes },
  ].filter(({ from, to }) => to > from)
  return parts.map(({ name, from, to }) => placed(`fill ${name}${to === bytes ? ' last' : ''}`, scale, from, to))
}

function placed(name: string, scale: Scale, from: number, to: number): HTMLElement {
  const element = make('span', { class: name })
  placeBar(element, placeOn(scale, from), placeOn(scale, to))
  return element
}

function hint({ bytes, uncertaintyBytes, allocatedBytes, heapBytes, mappedBytes, claimedBytes }: BarFigures): string {
  const parts = [
    ...(bytes === null ? [] : [`${formatBytes(bytes)} ± ${formatBytes(uncertaintyBytes)}`]),
    ...(allocatedBytes === null ? [] : [`allocator ${formatBytes(allocatedBytes)}`]),
    ...(heapBytes === null ? [] : [`JS heap ${formatBytes(heapBytes)}`]),
    ...(mappedBytes === null || mappedBytes === 0 ? [] : [`mapped ${formatBytes(mappedBytes)}`]),
    ...(claimedBytes === null ? [] : [`claimed ${formatBytes(claimedBytes)}`]),
  ]
  return parts.join(' · ')
}
