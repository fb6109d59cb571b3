/** One cache, compared by the labels of replicas: which version or zone has the larger entries. Pure. */
import { median } from '../report/statistics.js'
import { groupsPerEntry } from './entry-bytes.js'
import type { MeasuredEntries } from './entry-bytes.js'
import type { LabelDifference, LabelGroup } from './types.js'

/** One replica's measurement of the cache. */
export interface LabelledPart extends MeasuredEntries {
  readonly labels: Readonly<Record<string, string>>
}

/** By labels that have more than one value; a label of which every replica has its own says nothing of any of them. */
export function compareLabels(parts: readonly LabelledPart[]): {
  readonly labels: Readonly<Record<string, readonly LabelGroup[]>>
  readonly differences: readonly LabelDifference[]
} {
  const names = new Set(parts.flatMap(({ labels }) => Object.keys(labels)))
  const compared = [...names].flatMap((label): [string, LabelGroup[]][] => {
    const groups = groupsOf(parts, label)
    return groups.length > 1 && (groups.length < parts.length || parts.length === 2) ? [[label, groups]] : []
  })
  const differences = compared
    .flatMap(([label, groups]) => differencesOf(label, groups))
    .sort((a, b) => b.bytesPerEntry - a.bytesPerEntry)
  return { labels: Object.fromEntries(compared), differences }
}

/** The value of most replicas first. */
function groupsOf(parts: readonly LabelledPart[], label: string): LabelGroup[] {
  const byValue = new Map<string, LabelledPart[]>()
  for (const part of parts) {
    const value = Object.hasOwn(part.labels, label) ? part.labels[label] : undefined
    if (value === undefined) continue
    const own = byValue.get(value)
    if (own === undefined) byValue.set(value, [part])
    else own.push(part)
  }
  const groups = [...byValue].sort(([a, ofA], [b, ofB]) => ofB.length - ofA.length || (a < b ? -1 : 1))
  const perEntry = groupsPerEntry(groups.map(([, own]) => own))
  return groups.map(([value, own], index) => ({
    value,
    replicas: own.length,
    medianBytes: median(own.map(({ totalBytes }) => totalBytes)),
    perEntry: perEntry[index] ?? null,
  }))
}

/** Each value against that of most replicas. */
function differencesOf(label: string, [first, ...others]: readonly LabelGroup[]): LabelDifference[] {
  return others.flatMap((other): LabelDifference[] => {
    const [a, b] = [first?.perEntry ?? null, other.perEntry]
    if (first === undefined || a === null || b === null) return []
    if (a.uncertaintyBytes === null || b.uncertaintyBytes === null) return []
    const difference = b.bytesPerEntry - a.bytesPerEntry
    const uncertaintyBytes = Math.hypot(a.uncertaintyBytes, b.uncertaintyBytes)
    if (Math.abs(difference) <= uncertaintyBytes) return []
    const [value, against] = difference > 0 ? [other.value, first.value] : [first.value, other.value]
    return [{ label, value, against, bytesPerEntry: Math.abs(difference), uncertaintyBytes }]
  })
}
