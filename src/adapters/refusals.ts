/**
 * Objects that look like a cache and must not be released: emptying one would lose data, or empty it for others.
 */
import { createRequire } from 'node:module'
import { CONNECTION_REASON, CONNECTION_SIGNS, isConnected } from './connection.js'
import { dataMember, hasMethods, literalKeys, objectIn, ownObjects, readMember } from './shape.js'
import { stateOf } from './state.js'

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
    why: 'dropping a module makes a second copy of it, and holders of the first keep it: no memory is freed',
    matches: isModuleRegistry,
  },
  {
    what: 'Web Storage',
    shape: '`getItem`, `setItem`, `removeItem`',
    why: 'clear() deletes stored data',
    matches: (value) => hasMethods(value, 'getItem', 'setItem', 'removeItem'),
  },
  {
    what: 'a store of sessions',
    shape: '`get`, `set`, `destroy`, and one of `createSession`, `touch`, `all`',
    why: 'its entries are sessions, which use does not bring back: users would be signed out',
    matches: (value) =>
      hasMethods(value, 'get', 'set', 'destroy') &&
      ['createSession', 'touch', 'all'].some((name) => hasMethods(value, name)),
  },
  {
    what: 'a queue of work',
    shape: '`add`, `pause`, `onIdle`; or `push`, `kill`, `drain` or `idle`',
    why: 'its entries are work that waits: it would never be done',
    matches: (value) =>
      hasMethods(value, 'add', 'pause', 'onIdle') ||
      (hasMethods(value, 'push', 'kill') && (hasMethods(value, 'idle') || dataMember(value, 'drain') !== undefined)),
  },
  {
    what: 'a document of an editor',
    shape: '`transact`, `getMap`, `getText`; or a type of Yjs (`observeDeep`, `doc`)',
    why: 'clear() deletes what its users wrote, for all of them',
    matches: (value) =>
      stateOf(value) === 'documents of an editor' ||
      (hasMethods(value, 'observeDeep', 'observe') && dataMember(value, 'doc') !== undefined),
  },
  {
    what: 'a lock',
    shape: '`acquire`, `release`, `isLocked`',
    why: 'it holds a place for somebody, and no memory that use brings back',
    matches: (value) => stateOf(value) === 'locks' || hasMethods(value, 'acquire', 'isBusy'),
  },
  {
    what: 'a registry of metrics',
    shape: '`registerMetric`, `getMetricsAsJSON`, `clear`',
    why: 'clear() deletes the metrics, and their code does not register them again',
    matches: (value) => hasMethods(value, 'registerMetric', 'getMetricsAsJSON', 'clear'),
  },
  {
    what: '`console`',
    shape: '`log`, `trace`, `table`, `clear`',
    why: 'clear() clears the screen',
    matches: (value) => hasMethods(value, 'log', 'trace', 'table', 'clear'),
  },
  {
    what: 'an immutable collection',
    shape: '`clear`, `asMutable`, `withMutations`',
    why: 'clear() gives another collection, and leaves this one as it is',
    matches: (value) => hasMethods(value, 'clear', 'asMutable', 'withMutations'),
  },
  {
    what: 'anything with `clear()` and a connection',
    shape: `\`clear\`, and one of ${CONNECTION_SIGNS}; also in an object that it holds itself`,
    why: CONNECTION_REASON,
    matches: (value) => hasMethods(value, 'clear') && (isConnected(value) || holdsConnected(value)),
  },
]

/** A cache of two levels keeps the other one in a member. A logger has `query()` too. */
function holdsConnected(value: object): boolean {
  return ownObjects(value).some(([name, member]) => !/log/i.test(String(name)) && isConnected(member))
}

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
