/** Who answers for a process: the agent that the command brings into it, or the admin endpoint that it has. */
import type { Overview } from '../../attach/agent/types.js'
import type { AttachCost } from '../../attach/protocol.js'
import type { MemoryNode } from '../../report/breakdown/types.js'
import type { Discovery } from '../../report/discovery/types.js'
import type { AttributionReport } from '../../report/types.js'
import type { ThreadsReport } from '../../threads/types.js'
import type { ClassHistogram } from '../../twin/heap-snapshot/histogram.js'

/** How owners are sought. */
export interface DiscoverQuestion {
  readonly limit?: number
  readonly leastBytes?: number
  /** Those of all threads. */
  readonly threads?: true
  readonly budget?: { readonly durationMs?: number; readonly memoryBytes?: number; readonly pauseMs?: number }
}

/** The questions that can be asked. None of them releases anything in the process. */
export interface Answerer {
  overview(question: DiscoverQuestion): Promise<Overview>
  discover(question: DiscoverQuestion): Promise<Discovery>
  /** One report for each coordinator. */
  attribute(): Promise<readonly AttributionReport[]>
  /** The caches of all threads in one report. */
  attributeThreads(): Promise<ThreadsReport>
  breakdown(): Promise<MemoryNode | null>
  histogram(question: { readonly limit?: number }): Promise<ClassHistogram>
  /** Writes the snapshot into an open file. @returns its bytes */
  heapSnapshot(file: number): Promise<number>
  /** The cost so far. */
  cost(): Promise<AttachCost>
  close(): Promise<void>
}
