/** The cost of a twin, and its limits. */

/** The cost of making a twin and living beside it. */
export interface TwinCost {
  /** How long this process stood still at the longest: for the fork, or for a collection. */
  readonly pauseMs: number
  /**
   * Every stretch for which it stood still: giving V8's heap to forks, the fork, keeping the heap from forks again; before
   * them a collection where one was needed, and more where the process did not rest at once.
   */
  readonly pausesMs: readonly number[]
  /** Of that the fork itself, with finding what V8 has mapped in the moment before it. */
  readonly forkMs: number
  /** Major GCs that this process made for it: none where V8 was between two of its own. */
  readonly majorGcs: number
  /** From forks to results or ends, all attempts together. */
  readonly childMs: number
  /** Most memory that the child did not share with this process at any reading: what the twin added. Null where unknown. */
  readonly copiedBytes: number | null
  /** How many children it took; 1 but where one ended without a result. */
  readonly attempts: number
}

/** Options of everything that is done in a twin. */
export interface TwinOptions {
  /**
   * Processor time in milliseconds that the function may use in the twin. Waiting for a processor does not count.
   * @default 60_000
   */
  readonly timeoutMs?: number | undefined
  /** How many children may be forked if one ends without a result. 1 to 10. @default 3 */
  readonly attempts?: number | undefined
  /** Ends the twin. */
  readonly signal?: AbortSignal | undefined
  /** Called in this process with what the function sends with `twin.send()`, as JSON, while the twin lives. */
  readonly onMessage?: ((message: unknown) => void) | undefined
  /** Called with what the twin cost, also if it failed. */
  readonly onCost?: ((cost: TwinCost) => void) | undefined
}
