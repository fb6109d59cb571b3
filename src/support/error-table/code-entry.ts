/** One error or warning: what stands in the code, the answers and docs/reference/errors.md about it. */
export interface CodeEntry {
  /** The failure, in a few words. */
  readonly gist: string
  /** The status of an HTTP answer that has it; 500 where none is given. */
  readonly status?: number
  /** Markdown, as are the cure and the example's frame. */
  readonly cause: string
  readonly cure: string
  /** Its words, in backticks. */
  readonly example: string
}
