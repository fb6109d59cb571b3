/** A leak of one kind, and what a list of owners must say of it. */

/** Builds what is never let go of. */
export interface Leak {
  /** Unique over all files; by it the command line chooses. */
  readonly name: string
  /** The description of an owner that an engineer finds in the source, as {@link describeOwner} writes it. */
  readonly says: RegExp
  /** Runs before the truth is taken: what the first use of a part of Node leaves behind is no part of the leak. @default nothing */
  readonly warmUp?: () => unknown
  /** Builds the leak. Its result is kept alive, and must be no part of the leak. */
  readonly plant: () => unknown
  /** Bytes that neither V8's heap nor its external memory shows, as far as they belong to the leak. @default 0 */
  readonly mappedBytes?: number
  /** Of the truth, at least, where what several hold has another row: why stands beside it. @default 0.95 */
  readonly leastShare?: number
  /** Majors of Node in which V8 lets go of it. @default none */
  readonly notOn?: readonly number[]
}

/** Numbers in an array of their own: their size is known, and none is shared. */
export function payload(seed: number, length = 100): number[] {
  return Array.from({ length }, (_, index) => seed + index + 0.5)
}

/** Calls `use` with 0 to `count` − 1. */
export function times(count: number, use: (index: number) => void): void {
  for (let index = 0; index < count; index++) use(index)
}
