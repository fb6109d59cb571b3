/** Twins: what became of each, and what the last one cost. */
import type { PulledMetric } from '../definition.js'
import { oneSample } from '../sample.js'

export const TWINS: readonly PulledMetric[] = [
  {
    name: 'cache_attribution_twins_total',
    type: 'counter',
    help: 'Twins by outcome: result; no-result where another one was made; or why a run failed for it.',
    labels: ['outcome'],
    acrossProcesses: 'sum',
    source: '`report.twin.twins`, `report.twin.attempts`, codes `ERR_TWIN_*`',
    needs: 'a run with `mode: twin`',
    counts: 'twin',
    read: ({ runs }) => runs.twins,
  },
  {
    name: 'cache_attribution_twin_copied_bytes',
    type: 'gauge',
    help: 'Most memory that a twin of the last run had for itself.',
    labels: [],
    acrossProcesses: 'max',
    source: '`report.twin.copiedBytes`',
    needs: 'a run with `mode: twin`',
    read: ({ last }) => oneSample(last?.report.twin?.copiedBytes),
  },
]
