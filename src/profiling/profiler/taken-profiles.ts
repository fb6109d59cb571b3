/**
 * Heap profiles of this process, for who keeps the latest one.
 *
 * Rule: a profiler neither waits for who listens nor fails by them, and where nobody listens nothing is encoded.
 */

/** Gives a profile as the bytes of a file: a dump of jemalloc's, or pprof. */
export type ProfileBytes = () => Promise<Uint8Array>

type Listener = (bytes: ProfileBytes) => void

const listeners = new Set<Listener>()

/** Calls `listener` with each profile from now on; what it returns ends that. */
export function onProfileTaken(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** A profile was taken. */
export function noteProfile(bytes: ProfileBytes): void {
  for (const listener of listeners) listener(bytes)
}
