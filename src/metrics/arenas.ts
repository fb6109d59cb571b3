/** Reads jemalloc's arenas one by one, from the snapshot of statistics that the last observation took. */
import type { Mallctl } from '../allocator/port.js'
import { MallctlError } from '../support/errors.js'
import type { ArenaSnapshot } from './snapshot.js'

/** The arenas that are in use; none where there is no jemalloc. */
export function readArenas(mallctl: Mallctl | null): ArenaSnapshot[] {
  if (mallctl === null) return []
  const pageBytes = mallctl.read('arenas.page', 'size_t')
  const count = mallctl.read('arenas.narenas', 'unsigned')
  const arenas: ArenaSnapshot[] = []
  for (let index = 0; index < count; index++) {
    if (mallctl.read(`arena.${String(index)}.initialized`, 'bool')) arenas.push(readArena(mallctl, index, pageBytes))
  }
  return arenas
}

function readArena(mallctl: Mallctl, index: number, pageBytes: number): ArenaSnapshot {
  const size = (key: string): number | null =>
    orNull(() => mallctl.read(`stats.arenas.${String(index)}.${key}`, 'size_t'))
  const pages = (key: string): number | null => {
    const pageCount = size(key)
    return pageCount === null ? null : pageCount * pageBytes
  }
  return {
    label: String(index),
    smallBytes: size('small.allocated'),
    largeBytes: size('large.allocated'),
    activeBytes: pages('pactive'),
    dirtyBytes: pages('pdirty'),
    muzzyBytes: pages('pmuzzy'),
    mappedBytes: size('mapped'),
    retainedBytes: size('retained'),
    residentBytes: size('resident'),
    threads: orNull(() => mallctl.read(`stats.arenas.${String(index)}.nthreads`, 'unsigned')),
  }
}

/** A key that this version or build does not know is unknown; any other failure is one. */
function orNull(read: () => number): number | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof MallctlError && error.errno === 'ENOENT') return null
    throw error
  }
}
