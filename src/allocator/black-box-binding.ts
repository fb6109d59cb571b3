/**
 * The native side of a black box: a thread that writes figures into a mapped file; native/README.md is its contract.
 *
 * Rule: mechanism alone. Which file, of which layout, and what its records mean is decided in src/profiling/black-box/.
 */

/** See native/black-box-addon.c. Failures are thrown as errors whose `code` is the decimal errno. */
export interface BlackBoxBinding {
  /**
   * Makes and maps a file that must not be there, and starts the thread. `ranges` are pairs of offset and count, `numbers` and
   * `files` in the order of src/profiling/black-box/native-order.ts. True where the thread asks the event loop whether it turns; else
   * `beat()` is to be called every 100 ms. `onNear` is called in a turn of the loop when memory came near its limit.
   */
  open(
    path: string,
    header: Uint8Array,
    length: number,
    ranges: Float64Array,
    numbers: Float64Array,
    files: readonly string[],
    dump: string,
    estimate: (() => void) | null,
    onNear: () => void,
  ): boolean
  /** Notes the end, stops the thread and lets the file go. */
  close(state: number, code: number): void
  /** Notes the end. */
  end(state: number, code: number): void
  /** The event loop has turned. How often memory came near its limit so far. */
  beat(): number
  name(place: number, number: number, text: string): void
  size(isSlow: number, number: number, entries: number, claimed: number, estimated: number, uncertainty: number): void
  event(kind: number, first: number, second: number, text: string): void
  /** False where there is no room for it. */
  report(data: Uint8Array): boolean
  /** The same of a heap profile. */
  profile(data: Uint8Array): boolean
  /** Whether a process has this file open as its black box. */
  isLocked(path: string): boolean
  /** False where nothing is written any more: somebody cut the file short. */
  isWriting(): boolean
  /** Why frames of JavaScript cannot be read; null where they can. */
  noStacks(): string | null
  /** Milliseconds that the thread has used of a processor. */
  cpuMs(): number
}
