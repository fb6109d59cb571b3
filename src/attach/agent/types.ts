/** The surroundings of an agent's tasks, and their answers. */
import type { MemoryNode } from '../../report/breakdown/types.js'
import type { Discovery } from '../../report/discovery/types.js'
import type { AttributionReport } from '../../report/types.js'
import type { Pauses } from './pauses.js'

/** The surroundings of a task. */
export interface TaskContext {
  /** Aborted when the agent goes. */
  readonly signal: AbortSignal
  readonly pauses: Pauses
  /** Says what is being done. */
  readonly progress: (text: string) => void
  /** Has something closed when the agent goes; the returned function takes it off the list again. */
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
