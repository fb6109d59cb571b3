/**
 * Runs of the coordinators that the process has, whichever copy of this library they are of.
 *
 * Rule: in twins alone: an agent never releases anything of the process.
 */
import { Coordinator } from '../../coordinator/coordinator.js'
import type { AttributeOptions } from '../../coordinator/options.js'
import type { AttributionReport } from '../../report/types.js'
import { openCoordinators } from '../../twin/discover/open-coordinators.js'
import type { TaskContext } from './types.js'
import { whenFree } from './when-free.js'

/** The coordinators that have caches, the one with most of them first. */
export function coordinatorsHere(): Coordinator[] {
  return openCoordinators
    .all()
    .filter(isCoordinator)
    .filter(({ names }) => names.length > 0)
    .toSorted((a, b) => b.names.length - a.names.length)
}

/** One report for each of them; where there is none, one without caches: the process itself is told there. */
export async function attributeAll(
  options: AttributeOptions,
  context: TaskContext,
): Promise<readonly AttributionReport[]> {
  const coordinators = coordinatorsHere()
  if (coordinators.length > 0) return runs(coordinators, options, context)
  await using own = new Coordinator()
  return await runs([own], options, context)
}

async function runs(
  coordinators: readonly Coordinator[],
  options: AttributeOptions,
  context: TaskContext,
): Promise<readonly AttributionReport[]> {
  const reports: AttributionReport[] = []
  for (const coordinator of coordinators) {
    const count = coordinator.names.length
    context.progress(
      count === 0
        ? 'reading live memory in a copy of the process'
        : `measuring ${String(count)} registered caches in a copy of the process`,
    )
    const report = await whenFree(context, () =>
      coordinator.attribute({ ...options, mode: 'twin', trigger: 'command', signal: context.signal }),
    )
    context.pauses.note(report.pauses.longestMs)
    reports.push(report)
  }
  return reports
}

/** Of another copy, perhaps of another version: by its shape. */
function isCoordinator(value: object): value is Coordinator {
  const { attribute, observe, names } = value as Partial<Record<keyof Coordinator, unknown>>
  return typeof attribute === 'function' && typeof observe === 'function' && Array.isArray(names)
}
