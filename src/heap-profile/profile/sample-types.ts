/** The kinds of values that profiles have. */
import type { SampleType, SampleTypeName } from './types.js'

/** All of them, in the order of jemalloc's text, then the two parts of a profile of all memory, and what others are made to. */
export const SAMPLE_TYPES: readonly SampleType[] = [
  { type: 'inuse_objects', unit: 'count' },
  { type: 'inuse_space', unit: 'bytes' },
  { type: 'alloc_objects', unit: 'count' },
  { type: 'alloc_space', unit: 'bytes' },
  { type: 'native_space', unit: 'bytes' },
  { type: 'heap_space', unit: 'bytes' },
  { type: 'temporary_objects', unit: 'count' },
  { type: 'temporary_space', unit: 'bytes' },
]

/** Their names. */
export const SAMPLE_TYPE_NAMES: readonly SampleTypeName[] = SAMPLE_TYPES.map(({ type }) => type)
