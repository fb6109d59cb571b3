/** The tree of the whole process in a report: read before the run, divided by what the run finds of the caches. */
import { lookAtMemory } from '../breakdown.js'
import type { Allocator } from '../allocator/port.js'
import type { AttributionReport } from '../report/types.js'
import { messageOf } from '../support/errors.js'
import type { Run } from './run.js'
import { noBreakdown } from './warnings.js'

/** Looks now; what it returns adds the tree to the report, or null with a warning where the system does not tell. */
export function withBreakdown(
  allocator: Allocator,
  run: Pick<Run, 'warn'>,
): (report: AttributionReport) => AttributionReport {
  try {
    const look = lookAtMemory(allocator)
    return (report) => ({
      ...report,
      breakdown: look(
        report.caches.map(({ name, released, estimated }) => {
          const { allocatedBytes, heapBytes } = estimated ?? released
          return { name, allocatedBytes, heapBytes }
        }),
      ),
    })
  } catch (error) {
    run.warn(noBreakdown(messageOf(error)))
    return (report) => ({ ...report, breakdown: null })
  }
}
