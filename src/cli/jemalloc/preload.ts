/**
 * The value of LD_PRELOAD: reading it, and putting a library in front.
 *
 * Rule: pure. The loader splits the value at blanks and colons and knows no quoting, so a path that holds one of
 * them cannot be preloaded at all; it is refused here rather than handed over in pieces.
 */

/** The entries of an LD_PRELOAD value, in order. */
export function preloadEntries(value: string | undefined): readonly string[] {
  return (value ?? '').split(/[\s:]+/).filter((entry) => entry !== '')
}

/** The value with `library` in front; an entry equal to it further back is taken out, all others keep their order. */
export function mergePreload(library: string, value: string | undefined): string {
  return [library, ...preloadEntries(value).filter((entry) => entry !== library)].join(':')
}

/** The value without any libjemalloc; undefined where nothing is left, and the variable is better unset. */
export function withoutJemalloc(value: string | undefined): string | undefined {
  const others = preloadEntries(value).filter((entry) => !isJemalloc(entry))
  return others.length === 0 ? undefined : others.join(':')
}

/** The first libjemalloc of an LD_PRELOAD value. */
export function preloadedJemalloc(value: string | undefined): string | undefined {
  return preloadEntries(value).find(isJemalloc)
}

/** Why the loader could not take this path from LD_PRELOAD; null where it can. */
export function unpreloadable(path: string): string | null {
  if (path === '') return 'it is empty'
  if (/[\s:]/.test(path)) return 'LD_PRELOAD cannot hold a path with a blank or a colon'
  if (path.includes('$')) return 'the loader expands "$" in LD_PRELOAD'
  return null
}

function isJemalloc(entry: string): boolean {
  return /(^|\/)libjemalloc[^/]*$/.test(entry)
}
