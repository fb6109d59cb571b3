/** How long runs take, and how long they stop the process. Recorded as each ends. */
import type { RecordedMetric } from '../definition.js'

export const RUN_DURATION: RecordedMetric = {
  name: 'cache_attribution_run_duration_seconds',
  type: 'histogram',
  help: 'How long each finished run took, from its beginning to its report.',
  labels: ['mode'],
  source: '`report.durationMs`',
  needs: 'a run',
  buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
}

export const RUN_PAUSE: RecordedMetric = {
  name: 'cache_attribution_run_pause_seconds',
  type: 'histogram',
  help: 'Longest time for which each finished run held the event loop of this process in one piece.',
  labels: ['mode'],
  source: '`report.pauses.longestMs`',
  needs: 'a run',
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
}
