import type { Allocator } from '../../allocator/port.js'
import type { AttributionReport } from '../../report/types.js'

/** The process as a report names it. */
export function describeProcess({ name, version, statistic, binding }: Allocator): AttributionReport['process'] {
  return { pid: process.pid, nodeVersion: process.version, allocator: { name, version, statistic, binding } }
}
