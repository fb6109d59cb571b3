/**
 * Where emptying an owner gave back another amount than the graph of the heap says it keeps alive; pure.
 *
 * Rule: both figures are right about what they are of, so the words say what lies between them, and nothing that was not seen.
 */
import { formatBytes } from '../../support/units.js'
import type { AttributedBytes } from '../types.js'
import type { GraphBytes } from './types.js'

/** The object itself, its table, the notes that V8 makes of a Buffer: no difference that anybody looks for. */
const LEAST_BYTES = 16 * 1024
const LEAST_SHARE = 0.03

/** By how much they differ and why, in words; null where they agree within the ±. */
export function disagreementOf(
  released: AttributedBytes,
  retained: GraphBytes,
  uncertaintyBytes: number | null,
): string | null {
  const allowedBytes = Math.max(uncertaintyBytes ?? 0, LEAST_BYTES, LEAST_SHARE * retained.totalBytes)
  const { allocatedBytes, heapBytes, mappedBytes } = released
  const outsideBytes = allocatedBytes === null ? null : allocatedBytes + (mappedBytes ?? 0)
  return (
    [
      between(outsideBytes, retained.memoryBytes, allowedBytes, {
        more: 'more came back from the allocator than the length of its buffers and strings: memory that native code and V8 keep beside them',
        less: 'of its buffers and strings did not come back: native code or a waiting finalizer holds them',
      }),
      between(heapBytes, retained.heapBytes, allowedBytes, {
        more: 'more came back than it alone keeps alive: memory that it shared with owners that were emptied before it',
        less: 'stayed when it was emptied: the object itself, frozen objects, and memory that V8 or running code holds',
      }),
    ]
      .filter((words) => words !== null)
      .join('; ') || null
  )
}

function between(
  measuredBytes: number | null,
  graphBytes: number,
  allowedBytes: number,
  words: { readonly more: string; readonly less: string },
): string | null {
  const bytes = measuredBytes === null ? 0 : measuredBytes - graphBytes
  if (Math.abs(bytes) <= allowedBytes) return null
  return `${formatBytes(Math.abs(bytes))} ${bytes > 0 ? words.more : words.less}`
}
