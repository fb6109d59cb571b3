/** Caches that other caches are built on: an InMemoryLRUCache holds an lru-cache, a Cacheable holds a Keyv over a Map. */
import { objectIn, readMember } from '../adapters/shape.js'

/** Members under which the libraries keep what they are built on. */
const MEMBERS = ['cache', 'store', 'primary', 'secondary', 'opts'] as const
const DEPTH_MAX = 4

/** The parts that a cache is built on, as far as its library shows them: caches, their stores, their options. */
export function cacheParts(cache: object): Set<object> {
  const found = new Set<object>()
  const visit = (value: object, depth: number): void => {
    if (found.has(value) || depth > DEPTH_MAX) return
    found.add(value)
    const stores = readMember(value, 'stores')
    const inner = MEMBERS.map((name) => objectIn(value, name))
    for (const part of [...inner, ...(Array.isArray(stores) ? (stores as unknown[]) : [])]) {
      if (typeof part === 'object' && part !== null) visit(part, depth + 1)
    }
  }
  visit(cache, 0)
  found.delete(cache)
  return found
}
