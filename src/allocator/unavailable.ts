/** No allocator statistics at all: every slot is unknown, and the report rests on V8's figures. */
import { checkSlots } from './mallctl.js'
import { SLOT_COUNT } from './port.js'
import type { Allocator } from './port.js'

/** The port's empty implementation; `reason` says what is missing and the command that fixes it. */
export function unavailableAllocator(reason: string): Allocator {
  return {
    name: 'unavailable',
    version: null,
    statistic: null,
    binding: null,
    reason,
    mallctl: null,
    readInto: (target) => {
      checkSlots(target)
      target.fill(NaN, 0, SLOT_COUNT)
    },
  }
}
