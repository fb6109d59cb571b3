/** The tree of the whole process in a report: read before the run, divided by what the run finds of the caches. */
import { readMemory } from '../../breakdown/index.js'
import { heapsOfWorkers } from '../../breakdown/worker-watch.js'
import type { Allocator } from '../../allocator/port.js'
import { inStretch } from '../../measure/in-stretch.js'
import { withPauses } from '../../report/pauses.js'
import type { CacheBytes } from '../../report/breakdown/types.js'
import type { AttributionReport } from '../../report/types.js'
import type { Environment } from '../../support/environment.js'
import { messageOf } from '../../support/errors.js'
import type { Run } from './run-context.js'
import { noBreakdown } from './warnings.js'

/**
 * Executes a run and adds the tree to its report, or null with a warning where the system does not report it. Reading and
 * dividing hold the event loop: the loop turns between them and the run's own pauses, and the report counts them.
 */
export async function withBreakdown(
  allocator: Allocator,
  run: Run,
  environment: Environment,
): Promise<AttributionReport> {
  const pausesMs: number[] = []
  const now = (): number => environment.now()
  let treeOf: ReturnType<typeof readMemory> | undefined
  const workers = await heapsOfWorkers()
  try {
    treeOf = inStretch(now, pausesMs, () => readMemory(allocator, workers))
  } catch (error) {
    run.warn(noBreakdown(messageOf(error)))
  }
  await environment.yieldToLoop(0)
  const report = await run.execute()
  await environment.yieldToLoop(0)
  const breakdown = inStretch(now, pausesMs, () => treeOf?.(report.caches.map(cacheBytes)) ?? null)
  return { ...report, breakdown, pauses: withPauses(report.pauses, pausesMs) }
}

function cacheBytes({ name, released, estimated }: AttributionReport['caches'][number]): CacheBytes {
  const { allocatedBytes, heapBytes, mappedBytes } = estimated ?? released
  return { name, allocatedBytes, heapBytes, mappedBytes }
}
