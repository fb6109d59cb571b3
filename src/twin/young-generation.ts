/**
 * V8's young generation at a fork: pages that hold nothing are got empty by the child (native/young-pages.c), since shared ones
 * cost this process a page fault each when V8 next writes there.
 */
import v8 from 'node:v8'
import type { TwinBinding } from '../allocator/twin-binding.js'
import type { Instrument } from '../measure/window.js'

/** Less than a page of V8's holds: with so much in use all of it lies in the first one. */
const FIRST_PAGE_BYTES = 96 * 1024

/**
 * Bytes in use of the young generation, where they all lie in its first page, as after two scavenges in a row; else -1. The
 * large objects of that generation have pages of their own.
 */
export function bytesOfFirstPage(): number {
  const space = v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  return space !== undefined && space.space_used_size <= FIRST_PAGE_BYTES ? space.space_used_size : -1
}

/** Learns once in a process how V8 marks an empty page, while it is not marking: that takes two scavenges. */
export function learnYoungPages(
  binding: Pick<TwinBinding, 'learnYoungPages'>,
  collector: Instrument['collector'],
): void {
  if (isLearnt || collector === null) return
  isLearnt = true
  binding.learnYoungPages(() => {
    collector.minor()
  })
}

let isLearnt = false
