/**
 * Stretches for which the library holds the event loop outside of its measured turns: preparing, reading the kernel's
 * lists, taking in what a twin reports.
 */

/** A shorter one is an ordinary turn of any program. */
const LEAST_MS = 1

/** Runs `work`, and enters in `pausesMs` how long it held this thread. */
export function inStretch<T>(now: () => number, pausesMs: number[], work: () => T): T {
  const startMs = now()
  try {
    return work()
  } finally {
    const tookMs = now() - startMs
    if (tookMs >= LEAST_MS) pausesMs.push(tookMs)
  }
}
