/** What a walked heap tells beside its owners, put together with what was read of the allocator and of an empty process. Pure. */
import type { Figures } from '../../measure/figures.js'
import type { Discovery, PackageCost } from '../../report/discovery/types.js'
import { engineNative } from '../empty-node.js'
import type { EmptyNode, EngineNative } from '../empty-node.js'
import type { OwnersFound } from '../owners/owners-of.js'

/** What was read in the moment of the walk. */
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
  const { live, packages, inFlight, shared, others, tableBytes } = found
  const native = emptyNode === null ? null : engineNative(emptyNode, { heapTotalBytes, tableBytes })
  return {
    live: {
      ...live,
      usedHeapBytes: figures.heapBytes,
      allocatedBytes: figures.allocatedBytes,
      engineBytes: native === null ? null : native.node + native.engine,
    },
    packages: packages.map((cost) => withNative(cost, native)),
    inFlight,
    shared,
    others,
  }
}

function withNative(cost: PackageCost, native: EngineNative | null): PackageCost {
  return cost.of === 'node' || cost.of === 'engine' ? { ...cost, nativeBytes: native?.[cost.of] ?? null } : cost
}
