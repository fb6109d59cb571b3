/**
 * Signs that a cache has a connection, a file or a transaction behind it, so that its `clear()` may empty what others share.
 *
 * Rule: one sign is enough. A user who knows that a cache is memory alone can register an own `release`.
 */
import { dataMember, hasMember, hasMethods } from './shape.js'

const MEMBERS = [
  'connect',
  'disconnect',
  'quit',
  'sendCommand',
  'client',
  'redis',
  'db',
  'dialect',
  'query',
  'exec',
  'transaction',
  'commit',
  'sync',
  'deleteDatabase',
] as const

/** The same, in the options of a store for Keyv. */
const IN_OPTIONS = ['url', 'uri', 'host', 'dialect', 'client'] as const

/** Each is a method of many things; together they are those of a file or a database. */
const TOGETHER = ['open', 'close'] as const

/** The members, as Markdown. */
export const CONNECTION_SIGNS: string = [
  ...MEMBERS.map((name) => `\`${name}\``),
  ...IN_OPTIONS.map((name) => `\`opts.${name}\``),
  TOGETHER.map((name) => `\`${name}\``).join(' with '),
].join(', ')

/** Why such a cache is refused. */
export const CONNECTION_REASON =
  'there is a connection, a file or a transaction behind it: clear() may empty a store that others share'

/** Whether it has any of these signs; never throws, and calls no getter: one may connect. */
export function isConnected(value: object): boolean {
  const options = dataMember(value, 'opts')
  return (
    MEMBERS.some((name) => hasMember(value, name)) ||
    hasMethods(value, ...TOGETHER) ||
    (typeof options === 'object' && options !== null && IN_OPTIONS.some((name) => hasMember(options, name)))
  )
}
