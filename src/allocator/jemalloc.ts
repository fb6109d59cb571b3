/** jemalloc, through either binding. */
import { SLOT, SLOT_COUNT } from './port.js'
import type { Allocator, NativeBinding } from './port.js'

/** The port's jemalloc implementation; `binding` must have found a mallctl that serves malloc(). */
export function jemallocAllocator(binding: NativeBinding): Allocator {
  const slots = new Float64Array(SLOT_COUNT)
  binding.readJemalloc(slots)
  const subtracted = [
    Number.isNaN(slots[SLOT.tcache]) ? '' : ' - tcache_bytes',
    Number.isNaN(slots[SLOT.tcacheStashed]) ? '' : ' - tcache_stashed_bytes',
    countsSampledBlocks(binding, slots) ? ' - what the profiler adds' : '',
  ]
  return {
    name: 'jemalloc',
    version: binding.read('version', 'string'),
    statistic: Number.isNaN(slots[SLOT.rawAllocated]) ? null : `stats.allocated${subtracted.join('')}`,
    binding: binding.kind,
    reason: null,
    mallctl: binding,
    readInto: (target) => {
      binding.readJemalloc(target)
    },
  }
}

function countsSampledBlocks(binding: NativeBinding, slots: Float64Array): boolean {
  if (Number.isNaN(slots[SLOT.overcount])) return false
  try {
    return binding.read('opt.prof', 'bool')
  } catch {
    return false
  }
}
