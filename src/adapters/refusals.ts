/**
 * What looks like a cache and must not be released: emptying it would lose data, or empty it for others.
 */
import { createRequire } from 'node:module'
import { CONNECTION_REASON, CONNECTION_SIGNS, isConnected } from './connection.js'
import { hasMethods, literalKeys, objectIn, readMember } from './shape.js'

/** A kind of object that is refused. */
export interface Refusal {
  /** As docs/reference/adapters.md names it. */
  readonly what: string
  readonly shape: string
  readonly why: string
  matches(value: object): boolean
}

export const REFUSALS: readonly Refusal[] = [
  {
    what: 'lmdb',
    shape: '`clearAsync`, `dropSync`, `getRange`',
    why: 'clearAsync() deletes the data of the database, and its pages are a memory map, not memory of the allocator',
    matches: (value) => hasMethods(value, 'clearAsync', 'dropSync', 'getRange'),
  },
  {
    what: 'Level',
    shape: '`clear`, `put`, `del`, `batch`',
    why: 'clear() deletes the data of the database, in memory or not',
    matches: (value) => hasMethods(value, 'clear', 'put', 'del', 'batch'),
  },
  {
    what: '`require.cache`',
    shape: '`require.cache` itself, or an object of modules (`exports`, `filename`, `loaded`)',
    why: 'dropping a module makes a second copy of it, and holders of the first keep it: nothing comes back',
    matches: isModuleRegistry,
  },
  {
    what: 'Web Storage',
    shape: '`getItem`, `setItem`, `removeItem`',
    why: 'clear() deletes stored data',
    matches: (value) => hasMethods(value, 'getItem', 'setItem', 'removeItem'),
  },
  {
    what: 'anything with `clear()` and a connection',
    shape: `\`clear\`, and one of ${CONNECTION_SIGNS}`,
    why: CONNECTION_REASON,
    matches: (value) => hasMethods(value, 'clear') && isConnected(value),
  },
]

function isModuleRegistry(value: object): boolean {
  // The registry is the same, whichever file asks.
  if (value === createRequire(process.execPath).cache) return true
  const [first] = literalKeys(value) ?? []
  const module = first === undefined ? undefined : objectIn(value, first)
  return (
    module !== undefined &&
    typeof readMember(module, 'filename') === 'string' &&
    typeof readMember(module, 'loaded') === 'boolean' &&
    readMember(module, 'exports') !== undefined
  )
}
