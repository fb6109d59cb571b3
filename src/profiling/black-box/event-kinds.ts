/** Kinds of events, as native/black-box.h numbers them. */

/** Kind → number. */
export const EVENT_KINDS = {
  /** Memory came near its limit: bytes, and the limit. */
  'near-limit': 1,
  /** V8's heap is about to be full: its limit. */
  'heap-limit': 2,
  /** A heap profile was dumped near the limit: how long it took; the text is the file. */
  dump: 3,
  /** It was not, for want of room (bytes left, bytes needed) or by an error (bytes left, less its errno). */
  'no-dump': 4,
  /** The class histogram of a twin near the limit; the text is the file. */
  histogram: 5,
  /** Memory is away from the limit again: bytes, and the limit. */
  away: 6,
  /** The histogram was not taken; the text is the reason. */
  'no-histogram': 7,
  /** The kernel said that processes wait for memory (a trigger of PSI). */
  pressure: 8,
} as const

/** What happened. */
export type EventKind = keyof typeof EVENT_KINDS

/** The kind with a number; null of one that this version does not know. */
export function eventKindOf(number: number): EventKind | null {
  return (Object.keys(EVENT_KINDS) as EventKind[]).find((kind) => EVENT_KINDS[kind] === number) ?? null
}
