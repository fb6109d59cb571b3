/** Samples: one value of a metric with its labels. What is unknown gives none. */

import type { ByQuantity } from '../measure/figures.js'

/** Label → value. Values that come from outside went through `labelOf()`. */
export type Labels = Readonly<Record<string, string>>

/** One value of a metric. */
export interface Sample {
  readonly value: number
  readonly labels?: Labels
}

/** One sample without labels, or none where the value is unknown. */
export function oneSample(value: number | null | undefined, labels?: Labels): Sample[] {
  if (value === null || value === undefined) return []
  return [labels === undefined ? { value } : { value, labels }]
}

/** The measured memories, told apart by the label `memory`. */
export function ofMemories(bytes: ByQuantity<number | null> | null | undefined, labels?: Labels): Sample[] {
  return [
    ...oneSample(bytes?.allocatedBytes, { ...labels, memory: 'allocator' }),
    ...oneSample(bytes?.heapBytes, { ...labels, memory: 'heap' }),
    ...oneSample(bytes?.mappedBytes, { ...labels, memory: 'mapped' }),
  ]
}
