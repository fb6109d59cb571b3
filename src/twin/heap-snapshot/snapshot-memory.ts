/** Memory for V8's heap snapshot, which it builds as a whole. */
import v8 from 'node:v8'
import { headroomProblem } from '../headroom.js'

/** Of the heap in use, measured for small objects, the worst case. */
export const SNAPSHOT_FACTOR = 14

/** Why a snapshot of this heap would not fit, in words; null if it does. */
export function snapshotProblem(): string | null {
  return headroomProblem(SNAPSHOT_FACTOR * v8.getHeapStatistics().used_heap_size, "V8's heap snapshot")
}
