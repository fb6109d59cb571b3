/** The texts above and below a flame graph: what it is of, the legend of a difference, remarks. */
import type { FlamegraphData } from '../types.js'
import { bytesText } from './amounts.js'
import type { Amounts } from './amounts.js'

const TYPES: Readonly<Record<FlamegraphData['type'], string>> = {
  inuse_space: 'live bytes',
  inuse_objects: 'live objects',
  alloc_space: 'bytes ever allocated',
  alloc_objects: 'objects ever allocated',
  native_space: 'live native bytes',
  heap_space: 'live bytes of V8’s heap',
  temporary_space: 'bytes allocated and freed again',
  temporary_objects: 'objects allocated and freed again',
}

const KINDS: Readonly<Record<FlamegraphData['kinds'][number], string>> = {
  native: 'native code',
  script: 'JavaScript',
  objects: 'objects in V8’s heap',
}

/** One line of text. */
export function factsText(data: FlamegraphData, amounts: Amounts): string {
  const { difference, type, value, variance, sampleIntervalBytes, takenAt } = data
  return [
    `${difference ? 'change of ' : ''}${TYPES[type]}: ${amounts.withError(value[0] ?? 0, variance?.[0] ?? null)} in all`,
    ...(sampleIntervalBytes === null ? [] : [`estimated from one sample in ${bytesText(sampleIntervalBytes)}`]),
    ...(takenAt === null ? [] : [`taken ${takenAt}`]),
  ].join(' · ')
}

/** The legend of a difference. */
export function legendOf({ self }: FlamegraphData, amounts: Amounts): HTMLElement {
  const sums = { grew: 0, shrank: 0 }
  for (const own of self) sums[own < 0 ? 'shrank' : 'grew'] += own
  const legend = document.createElement('span')
  for (const [change, sum] of Object.entries(sums)) {
    const part = document.createElement('span')
    part.className = change
    part.textContent = `${change} ${amounts.signed(sum)}`
    legend.append(part)
  }
  legend.id = 'legend'
  legend.append('a box is as wide as what changed in it')
  return legend
}

/** The colours of the kinds; null where there is but one. */
export function kindsLegendOf({ kinds }: FlamegraphData): HTMLElement | null {
  const there = (['native', 'script', 'objects'] as const).filter((kind) => kinds.slice(1).includes(kind))
  if (there.length < 2) return null
  const legend = document.createElement('span')
  for (const kind of there) {
    const part = document.createElement('span')
    part.className = kind
    part.textContent = KINDS[kind]
    legend.append(part)
  }
  legend.id = 'legend'
  return legend
}

/** The lines of a function with most, over all its calls: the boxes of a function may be many. */
export function lineItems({ lines }: FlamegraphData, name: number, amounts: Amounts): HTMLElement[] {
  return (lines[name] ?? []).map(({ line, isBegin, amount, source }) => {
    const item = document.createElement('span')
    item.className = 'line'
    const place = isBegin ? `begins in line ${String(line)}` : `line ${String(line)} of it`
    item.textContent = `${place}: ${amounts.signed(amount)} (${amounts.share(amount)}) in all its calls`
    if (source !== null) {
      const text = document.createElement('code')
      text.textContent = source
      item.append(text)
    }
    return item
  })
}

/** The items of a list of remarks. */
export function commentItems({ comments }: FlamegraphData): HTMLElement[] {
  return comments.map((comment) => {
    const item = document.createElement('li')
    item.textContent = comment
    return item
  })
}
