/** The heap profiler of jemalloc, where one is given: always read, never remembered. */
import type { ProfilingState } from '../../profiling/profiler/profiling-state.js'
import type { PulledMetric } from '../definition.js'
import { oneSample } from '../sample.js'

const NEEDS = '`profiler`, jemalloc'

export const PROFILING: readonly PulledMetric[] = [
  flag('enabled', 'enabled', 'Whether the process was started so that it can be profiled: 1, else 0.', 'opt.prof'),
  flag('active', 'active', 'Whether allocations are sampled now: 1, else 0.', 'prof.active'),
  {
    name: 'jemalloc_profiling_sample_interval_bytes',
    type: 'gauge',
    help: 'Mean distance between two samples of the heap profiler, in allocated bytes.',
    labels: [],
    acrossProcesses: 'max',
    source: '2 to the power of mallctl `prof.lg_sample`',
    needs: `${NEEDS} started with \`prof:true\``,
    read: ({ profiling }) => oneSample(profiling?.sampleBytes),
  },
  {
    name: 'cache_attribution_profiling_captures',
    type: 'gauge',
    help: 'Captures of heap profiles that are under way.',
    labels: ['kind'],
    acrossProcesses: 'sum',
    source: '`profiler.running`',
    needs: '`profiler`',
    counts: 'capture',
    adds: true,
    read: ({ captures }) =>
      captures === null
        ? []
        : ['native', 'js', 'all'].flatMap((kind) => oneSample(Number(captures.includes(kind)), { kind })),
  },
]

function flag(name: string, field: keyof ProfilingState, help: string, key: string): PulledMetric {
  return {
    name: `jemalloc_profiling_${name}`,
    type: 'gauge',
    help,
    labels: [],
    acrossProcesses: 'max',
    source: `mallctl \`${key}\``,
    needs: NEEDS,
    counts: 'process',
    adds: true,
    read: ({ profiling }) => {
      const value = profiling?.[field] ?? null
      return oneSample(value === null ? null : Number(value))
    },
  }
}
