/**
 * Marks what is allocated while a function runs as one cache's, so that profiles sum by cache.
 *
 * Rule: nothing of a cache is wrapped, the code that fills it says so. What ran before, and what runs after, keeps its own mark,
 * whatever the function does.
 */
import { addonOrNull } from '../../allocator/binding.js'
import { scopeOf } from './scopes.js'

/** Runs `fill`; samples of this thread that are taken meanwhile have the frame `(cache NAME)`. */
export function accountTo<T>(name: string, fill: () => T): T {
  const stacks = addonOrNull()?.javaScriptStacks ?? null
  if (stacks === null) return fill()
  const before = stacks.scope(scopeOf(name))
  try {
    return fill()
  } finally {
    stacks.scope(before)
  }
}
