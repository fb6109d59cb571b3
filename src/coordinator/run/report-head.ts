/** The head of a report, which both kinds of run fill alike. */
import type { Allocator } from '../../allocator/port.js'
import type { MemorySample } from '../../measure/sample.js'
import type { GcMode } from '../../measure/settle.js'
import type { MeasuredRun } from '../../report/build-report.js'
import { pausesOf } from '../../report/pauses.js'
import type { AttributionReport, ReportSelfCheck } from '../../report/types.js'
import type { RunContext } from './run-context.js'

/** The facts of a run at its end. */
export interface FinishedRun {
  readonly id: string
  readonly gc: GcMode
  readonly startedAt: string
  readonly durationMs: number
  readonly before: MemorySample
  readonly after: MemorySample
  readonly pausesMs: readonly number[]
  readonly selfCheck: ReportSelfCheck | null
}

/** The head of its report. */
export function reportHead(
  { allocator, options }: Pick<RunContext, 'allocator' | 'options'>,
  { pausesMs, ...finished }: FinishedRun,
): MeasuredRun['head'] {
  const { trigger, mode } = options
  return { ...finished, trigger, mode, process: describeProcess(allocator), pauses: pausesOf(pausesMs) }
}

function describeProcess({ name, version, statistic, binding }: Allocator): AttributionReport['process'] {
  return { pid: process.pid, nodeVersion: process.version, allocator: { name, version, statistic, binding } }
}
