/**
 * Memory that no cache held, explained by the heap profiler at the end of a run.
 *
 * Rule: the run's lock is held by then; what the profiler cannot tell is a warning and never a failure of the run. Its code
 * is loaded when somebody asks for it.
 */
import type { Allocator } from '../../allocator/port.js'
import type { ResidualProbe } from '../../profiling/residual/residual-probe.js'
import type { AttributionReport, ReportWarning } from '../../report/types.js'
import { messageOf } from '../../support/errors.js'
import { residualUnexplained } from './warnings.js'

/** A probe, or why there is none. */
export async function openResidual(
  allocator: Allocator,
): Promise<{ readonly probe: ResidualProbe | null; readonly warnings: readonly ReportWarning[] }> {
  try {
    const { ResidualProbe: Probe } = await import('../../profiling/residual/residual-probe.js')
    return { probe: new Probe(allocator), warnings: [] }
  } catch (error) {
    return { probe: null, warnings: [residualUnexplained(messageOf(error))] }
  }
}

/** The report with what the probe found; `warn` shows what kept it from finding anything. */
export async function withResidual(
  report: AttributionReport,
  probe: ResidualProbe | null,
  warn: (warning: ReportWarning) => void,
): Promise<AttributionReport> {
  if (probe === null) return report
  try {
    const residual = await probe.explain()
    if (residual === null) return report
    const sampled = await probe.sampledCaches()
    const caches = report.caches.map((row) => {
      const bytes = sampled.get(row.name)
      return bytes === undefined || row.status === 'skipped' ? row : { ...row, sampled: bytes }
    })
    return { ...report, caches, residual }
  } catch (error) {
    const warning = residualUnexplained(messageOf(error))
    warn(warning)
    return { ...report, warnings: [...report.warnings, warning] }
  }
}
