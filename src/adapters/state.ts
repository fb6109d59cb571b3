/**
 * Signs that something holds state and no cache: what is dropped is lost, or a lock is held twice.
 *
 * Rule: what a name or an entry shows is enough to leave a cache out of runs in the live process (`lossless: false`). A twin measures
 * it all the same, and the options of `register()` have the last word.
 */
import { types } from 'node:util'
import { dataMember, hasMember, hasMethods } from './shape.js'

/** Parts of a name, such as the namespace of a Keyv, that stand for state. */
const STATE_WORDS: ReadonlySet<string> = new Set(
  `lock mutex semaphore lease session sess presence queue job task throttle ratelimit ratelimiter otp nonce csrf token
  idempotency document doc outbox inbox`.split(/\s+/),
)

/** The words, as Markdown. */
export const STATE_WORDS_TEXT: string = [...STATE_WORDS].map((word) => `\`${word}\``).join(', ')

/** Entries of a Map or a Set that are looked at. */
const SAMPLED = 4

/** Whether the name of a store says that it holds state: `directus-cache_lock`, `rateLimit:`, `sessions`. */
export function isNameOfState(name: unknown): boolean {
  if (typeof name !== 'string') return false
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
  const isState = (word: string): boolean => STATE_WORDS.has(word) || STATE_WORDS.has(word.replace(/s$/, ''))
  return words.some((word, index) => isState(word) || isState(`${word}${words[index + 1] ?? ''}`))
}

/** The kind of the first entries of a Map or a Set, where they are no cached values; undefined of anything else. */
export function stateWithin(collection: object): string | undefined {
  if (!types.isMap(collection) && !types.isSet(collection)) return undefined
  let left = SAMPLED
  // The prototype's own methods: a subclass may count what is read.
  const values = types.isMap(collection) ? Map.prototype.values.call(collection) : Set.prototype.values.call(collection)
  for (const value of values as Iterable<unknown>) {
    const state = typeof value === 'object' && value !== null ? stateOf(value) : undefined
    if (state !== undefined || --left === 0) return state
  }
  return undefined
}

/** The kind of an object that no cache would hold; undefined of anything else. */
export function stateOf(value: object): string | undefined {
  if (hasMethods(value, 'transact', 'getMap', 'getText') || isWrappedDocument(value)) return 'documents of an editor'
  if (hasMethods(value, 'acquire', 'release') && hasMethods(value, 'isLocked')) return 'locks'
  if (isSession(value)) return 'sessions'
  if (hasMethods(value, 'write', 'end', 'destroy') && hasMember(value, 'remoteAddress')) return 'connections'
  if (hasMethods(value, 'send', 'close', 'terminate') && hasMember(value, 'readyState')) return 'connections'
  if (hasMethods(value, 'hasRef', 'refresh', 'unref')) return 'timers'
  if (hasMethods(value, 'postMessage', 'terminate') || hasMethods(value, 'kill', 'disconnect')) return 'workers'
  return undefined
}

/** A Y.Doc in an entry of its server's: `{ document, … }`, `{ ydoc, … }`. */
function isWrappedDocument(value: object): boolean {
  return ['doc', 'document', 'ydoc', 'yDoc'].some((name) => {
    const inner = dataMember(value, name)
    return typeof inner === 'object' && inner !== null && hasMethods(inner, 'transact', 'getMap', 'getText')
  })
}

function isSession(value: object): boolean {
  const cookie = dataMember(value, 'cookie')
  return typeof cookie === 'object' && cookie !== null && hasMember(cookie, 'path') && hasMember(cookie, 'httpOnly')
}
