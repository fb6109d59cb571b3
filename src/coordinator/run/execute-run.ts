/** From a run to its whole report: what stands beside the rows is asked before and after it. */
import type { Allocator } from '../../allocator/port.js'
import { askWorkers, hasWorkers } from '../../breakdown/worker-watch.js'
import { boundWarnings } from '../../report/bound-warnings.js'
import type { AttributionReport } from '../../report/types.js'
import type { Environment } from '../../support/environment.js'
import type { ResolvedAttributeOptions } from '../options.js'
import type { Run, RunContext } from './run-context.js'
import { withBreakdown } from './with-breakdown.js'
import { withNeverFilled } from './with-never-filled.js'
import { withResidual } from './with-residual.js'
import { withTold } from './with-told.js'

/** The report, with the workers, the breakdown, what caches tell of themselves and what explains the floor. */
export async function executeRun(
  run: Run,
  allocator: Allocator,
  environment: Environment,
  options: ResolvedAttributeOptions,
  residual: RunContext['residual'],
): Promise<AttributionReport> {
  // Before the run: a thread that answers is at work, and a window waits until none is. Without one the run begins in
  // the turn of the call.
  const workers = hasWorkers() ? await askWorkers() : []
  const executed = options.breakdown ? await withBreakdown(allocator, run, environment) : await run.execute()
  const told = withTold(executed, run.caches())
  const withWorkers = workers.length === 0 ? told : { ...told, workers }
  const warn = run.warn.bind(run)
  const withEmpty = withNeverFilled(withWorkers, run.caches(), environment, warn)
  return withResidual(withBounds(withEmpty, warn), residual, warn)
}

/** Adds a warning for each cache whose bound holds another amount of memory than it says. */
function withBounds(report: AttributionReport, warn: Run['warn']): AttributionReport {
  const warnings = boundWarnings(report.caches, report.warnings)
  for (const warning of warnings) warn(warning)
  return warnings.length === 0 ? report : { ...report, warnings: [...report.warnings, ...warnings] }
}
