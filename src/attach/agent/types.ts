/** What the tasks of an agent work with, and what they answer. */
import type { MemoryNode } from '../../report/breakdown/types.js'
import type { Discovery } from '../../report/discovery/types.js'
import type { AttributionReport } from '../../report/types.js'
import type { Pauses } from './pauses.js'

/** What a task works with. */
export interface TaskContext {
  /** Aborted when the agent goes. */
  readonly signal: AbortSignal
  readonly pauses: Pauses
  /** Says what is being done. */
  readonly progress: (text: string) => void
  /** What has to be closed when the agent goes; what it returns takes it off the list again. */
  readonly onEnd: (close: () => void) => () => void
}

/** Everything that `attach` prints but for the cost. */
export interface Overview {
  /** One for each coordinator of the process; one without caches where there is none. */
  readonly reports: readonly AttributionReport[]
  readonly discovery: Discovery
  readonly breakdown: MemoryNode | null
}

/** A file without a name, open in the other process. */
export interface OpenFile {
  readonly descriptor: number
  readonly bytes: number
}
