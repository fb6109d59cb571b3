/** Every metric there is. Registries, instruments, documents and the dashboard are made of this list. */
import { ALLOCATION_COUNTERS } from './collectors/allocation-counters.js'
import { ALLOCATOR } from './collectors/allocator.js'
import { ARENAS } from './collectors/arenas.js'
import { CACHES } from './collectors/caches.js'
import { FLOOR } from './collectors/floor.js'
import { GROWTH } from './collectors/growth.js'
import { ITSELF } from './collectors/itself.js'
import { OWNERS } from './collectors/owners.js'
import { PRESSURE } from './collectors/pressure.js'
import { PROFILING } from './collectors/profiling.js'
import { RUN_DURATION, RUN_PAUSE } from './collectors/run-times.js'
import { RUNS } from './collectors/runs.js'
import { TRENDS } from './collectors/trends.js'
import { TWINS } from './collectors/twins.js'
import type { Metric, PulledMetric, RecordedMetric } from './definition.js'

/** Recorded as runs end. */
export const RECORDED: readonly RecordedMetric[] = [RUN_DURATION, RUN_PAUSE]

/** Title → metrics, as the documents show them. */
export const GROUPS: Readonly<Record<string, readonly Metric[]>> = {
  'The allocator': ALLOCATOR,
  Arenas: ARENAS,
  Caches: CACHES,
  'Memory in no cache': FLOOR,
  'Owners that nobody registered': OWNERS,
  'Trends and the limit': TRENDS,
  Runs: [...RUNS, ...RECORDED],
  Twins: TWINS,
  'Releases under pressure': PRESSURE,
  'Heap profiling': PROFILING,
  'Growth monitors': GROWTH,
  'Allocation counters': ALLOCATION_COUNTERS,
  'The collectors themselves': ITSELF,
}

/** Read at every observation. */
export const PULLED: readonly PulledMetric[] = Object.values(GROUPS).flat().filter(isPulled)

function isPulled(metric: Metric): metric is PulledMetric {
  return !RECORDED.some((recorded) => recorded === metric)
}
