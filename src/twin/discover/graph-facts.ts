/** The facts of a walked heap beside its owners, put together with what was read of the allocator and of an empty process. Pure. */
import type { Figures } from '../../measure/figures.js'
import type { Discovery } from '../../report/discovery/types.js'
import { engineNative } from '../empty-node.js'
import type { EmptyNode } from '../empty-node.js'
import type { OwnersFound } from '../owners/owners-of.js'
import { nativeMemoryOf, withNative } from './native-facts.js'

/** The readings in the moment of the walk. */
export interface WalkReadings {
  readonly figures: Figures
  /** V8's committed heap. */
  readonly heapTotalBytes: number
  /** Null where none was measured. */
  readonly emptyNode: EmptyNode | null
}

type GraphFacts = Pick<Discovery, 'live' | 'packages' | 'inFlight' | 'shared' | 'others'>

/** The same fields of a discovery; `found` is null where the heap was not walked. */
export function graphFacts(
  found: OwnersFound | null,
  { figures, heapTotalBytes, emptyNode }: WalkReadings,
): GraphFacts {
  if (found === null) {
    return { live: null, packages: [], inFlight: [], shared: [], others: { count: 0, totalBytes: 0 } }
  }
  const { live, packages, inFlight, shared, others, tableBytes, native } = found
  const empty = emptyNode === null ? null : engineNative(emptyNode, { heapTotalBytes, tableBytes })
  return {
    live: {
      ...live,
      usedHeapBytes: figures.heapBytes,
      allocatedBytes: figures.allocatedBytes,
      engineBytes: empty === null ? null : empty.node + empty.engine,
      native: nativeMemoryOf(native),
    },
    packages: withNative(packages, native, empty),
    inFlight,
    shared,
    others,
  }
}
