/** A cache that somebody registered: discover() recognises it. */
export interface KnownCache {
  readonly name: string
  /**
   * Empties the cache. It is called once, in the twin, after the heap was walked: an owner that this empties is this cache's.
   * Left out where the caller has released it already, or cannot.
   */
  readonly release?: (() => unknown) | undefined
  /** The registered objects, and whatever of them is at hand: an owner that is one of these, or its property, is this cache's. */
  readonly objects?: readonly object[] | undefined
  /** The library's cache behind an adapter: every owner that is reached through it alone is this cache's. */
  readonly adapted?: readonly object[] | undefined
  /** Functions of it, whose text and variables tell what it empties. */
  readonly functions?: readonly object[] | undefined
}
