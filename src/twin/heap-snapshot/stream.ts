/**
 * A heap snapshot without the event loop.
 *
 * `HeapProfiler.takeHeapSnapshot` of the inspector answers in the same turn on Node 20 only: later versions put it off
 * to a task of the loop, which never turns in a twin. `v8.getHeapSnapshot()` takes it at once; its stream hands the text
 * on when it is first read, all of it in that one call, chunk by chunk through push(). Taking push() over means that the
 * text, which is larger than the heap, never lies in memory as a whole.
 */
import v8 from 'node:v8'

/** Takes a chunk of the snapshot's JSON: ASCII, about 64 KiB. */
export type TakeChunk = (chunk: Uint8Array) => void

/**
 * Takes a snapshot and hands its text to `take`, all before it returns. What `take` throws is thrown at the end: V8
 * cannot be stopped halfway. V8 needs some 500 bytes for each object of the heap meanwhile.
 */
export function streamHeapSnapshot(take: TakeChunk): void {
  const stream = v8.getHeapSnapshot()
  let failure: { readonly error: unknown } | undefined
  const takeSafely = (chunk: unknown): void => {
    if (!(chunk instanceof Uint8Array) || failure !== undefined) return
    try {
      take(chunk)
    } catch (error) {
      failure = { error }
    }
  }
  stream.push = (chunk: unknown) => {
    takeSafely(chunk)
    return true
  }
  try {
    // Where push() was not taken over after all, the text is read as from any stream.
    for (let chunk: unknown = stream.read(); chunk !== null; chunk = stream.read()) takeSafely(chunk)
  } finally {
    stream.destroy()
  }
  if (failure !== undefined) throw failure.error
}
