/** jemalloc's arenas, one by one, where asked for. */
import type { PulledMetric } from '../definition.js'
import type { ArenaSnapshot } from '../snapshot.js'
import { oneSample } from '../sample.js'

export const ARENAS: readonly PulledMetric[] = [
  {
    name: 'jemalloc_arena_allocated_bytes',
    type: 'gauge',
    help: 'Bytes of one arena that are handed out, by size class; freed ones in thread caches included.',
    labels: ['arena', 'size'],
    acrossProcesses: 'sum',
    source: 'mallctl `stats.arenas.<i>.small.allocated`, `stats.arenas.<i>.large.allocated`',
    needs: '`arenas: true`, jemalloc',
    adds: true,
    read: ({ arenas }) =>
      arenas.flatMap(({ label, smallBytes, largeBytes }) => [
        ...oneSample(smallBytes, { arena: label, size: 'small' }),
        ...oneSample(largeBytes, { arena: label, size: 'large' }),
      ]),
  },
  arenaMetric(
    'active_bytes',
    'activeBytes',
    'Bytes of one arena in pages that hold at least one allocation.',
    'pactive',
  ),
  arenaMetric('dirty_bytes', 'dirtyBytes', 'Bytes of one arena in unused pages that may still be resident.', 'pdirty'),
  arenaMetric('muzzy_bytes', 'muzzyBytes', 'Bytes of one arena in unused pages that the kernel may take.', 'pmuzzy'),
  arenaMetric('mapped_bytes', 'mappedBytes', 'Bytes of one arena in active extents.', 'mapped'),
  arenaMetric('retained_bytes', 'retainedBytes', 'Bytes of virtual memory that one arena keeps for reuse.', 'retained'),
  arenaMetric(
    'resident_bytes',
    'residentBytes',
    'Bytes in resident pages of one arena, metadata included.',
    'resident',
  ),
  { ...arenaMetric('threads', 'threads', 'Threads that are assigned to one arena.', 'nthreads'), counts: 'thread' },
]

function arenaMetric(
  name: string,
  field: Exclude<keyof ArenaSnapshot, 'label'>,
  help: string,
  key: string,
): PulledMetric {
  const inPages = key.startsWith('p')
  return {
    name: `jemalloc_arena_${name}`,
    type: 'gauge',
    help,
    labels: ['arena'],
    acrossProcesses: 'sum',
    source: `mallctl \`stats.arenas.<i>.${key}\`${inPages ? ' times `arenas.page`' : ''}`,
    needs: '`arenas: true`, jemalloc',
    adds: true,
    read: ({ arenas }) => arenas.flatMap((arena) => oneSample(arena[field], { arena: arena.label })),
  }
}
