/**
 * How a twin ends without a result: its exit codes, and the same in words. native/twin-exit.h has the numbers for the C side;
 * a test compares the two.
 */

/** By the names of native/twin-exit.h. */
export const TWIN_EXIT = {
  ORPHAN: 81,
  DESCRIPTORS: 82,
  SLOTS: 83,
  SHARED: 84,
  THROWN: 85,
  LEFT: 86,
  UNCONFINED: 87,
  WAITS: 88,
  COLLECTING: 89,
  SILENT: 90,
} as const

const WORDS: ReadonlyMap<number, string> = new Map([
  [TWIN_EXIT.ORPHAN, 'since its parent was gone'],
  [TWIN_EXIT.DESCRIPTORS, 'since its descriptors could not be replaced'],
  [TWIN_EXIT.SLOTS, 'since the calls that wake threads could not be replaced'],
  [TWIN_EXIT.SHARED, 'since shared memory could not be protected'],
  [TWIN_EXIT.THROWN, 'with an error past every handler'],
  [TWIN_EXIT.LEFT, 'through process.exit()'],
  [TWIN_EXIT.UNCONFINED, 'since its system calls could not be confined'],
  [TWIN_EXIT.WAITS, 'since it waited for a thread that it does not have'],
  [TWIN_EXIT.COLLECTING, 'since V8 began to collect in the instant of the fork'],
  [TWIN_EXIT.SILENT, 'since it had sent nothing for too long'],
])

/** How a twin ended that gave this code and no result. */
export function describeExit(code: number): string {
  return WORDS.get(code) ?? `with exit code ${String(code)} and no result`
}
