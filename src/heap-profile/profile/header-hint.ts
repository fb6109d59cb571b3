/** The likely kind of a text that is no profile, for the message that refuses it. */
import { describe } from '../../support/errors.js'
import type { LineCursor } from './line-cursor.js'

/** The rest of a line, for a message. */
export function quotedRemaining(cursor: LineCursor): string {
  return cursor.done ? 'the end of the line' : describe(cursor.remaining())
}

/** The other kinds that the first line may be of. */
export function headerHint(cursor: LineCursor): string {
  const { bytes } = cursor
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    return 'this is compressed (a pprof profile?), not the text that jemalloc writes'
  cursor.at = 0
  const line = cursor.remaining()
  if (line.startsWith('heap profile:')) return 'a profile of gperftools, or of a jemalloc before 4: not understood'
  if (line.startsWith('<jemalloc>'))
    return `messages of jemalloc stand before the profile (${describe(line)}): take out what is before "heap_v2/"`
  return `expected "heap_v2/" and the sampling interval, as the text of a heap profile begins, got ${quotedRemaining(cursor)}`
}
