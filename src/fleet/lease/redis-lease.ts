/**
 * A lease in Redis: a sorted set of its holders by the end of their terms.
 *
 * Rule: terms count by the server's clock alone, and every change is one script, so that no two processes see the set differently.
 */
import { randomUUID } from 'node:crypto'
import { CacheAttributionError, describe, messageOf } from '../../support/errors.js'
import { isObject } from '../../support/is-object.js'
import { storeFailed } from '../../support/lease.js'
import type { Lease, LeaseGrant } from '../../support/lease.js'
import { ownTimers } from '../../support/own-timers.js'
import { inTime } from './in-time.js'
import { resolveLeaseOptions } from './options.js'
import type { LeaseOptions, ResolvedLeaseOptions } from './options.js'
import { RenewedGrant } from './renewed-grant.js'

/** A client of the shape of ioredis: of one server, of a cluster, or of sentinels. */
interface IoredisClient {
  /** Its shape is told by this method. */
  defineCommand(...values: never[]): unknown
  /** Runs a script on the server. */
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
}

/** A client of the shape of node-redis 4 and later (`redis`, `@redis/client`): of one server, a pool, or a cluster. */
interface NodeRedisClient {
  /** Its shape is told by this member. */
  readonly isOpen: boolean
  /** Runs a script on the server. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

/** A connected client; it is used and never closed. */
type RedisClient = IoredisClient | NodeRedisClient

/** The time of the server in milliseconds. Before Redis 5 a script that reads it must have its effects replicated. */
const NOW = `
if redis.replicate_commands then redis.replicate_commands() end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`

/** The set goes with its last holder. */
const ENTER = `
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], last[2])`

/** A token is no lower than the time in microseconds: also where the server lost all it had, the next is higher. */
const ACQUIRE = `${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
local token = math.max(tonumber(redis.call('GET', KEYS[2]) or '0') + 1, time[1] * 1000000 + time[2])
redis.call('SET', KEYS[2], string.format('%.0f', token))
${ENTER}
return token`

const IS_HELD = `
local till = redis.call('ZSCORE', KEYS[1], ARGV[1])
local isHeld = till and tonumber(till) > now`

const RENEW = `${NOW}
${IS_HELD}
if not isHeld then return 0 end
${ENTER}
return 1`

const RELEASE = `${NOW}
${IS_HELD}
redis.call('ZREM', KEYS[1], ARGV[1])
return isHeld and 1 or 0`

/**
 * A lease over every process that uses the same Redis (or Valkey) server: at most `holders` of them measure at a time.
 *
 * @throws CacheAttributionError `ERR_OPTION_*`
 * @example
 * const lease = redisLease(new Redis('redis://cache:6379'), { name: 'shop', holders: 2 })
 * const reporter = new PeriodicReporter(coordinator, { lease, schedules: [{ every: 3_600_000, mode: 'twin' }] })
 */
export function redisLease(client: RedisClient, options?: LeaseOptions): Lease {
  const settings = resolveLeaseOptions('redisLease()', options)
  return new RedisLease(evaluatorOf(client), settings)
}

type Evaluate = (script: string, keys: string[], values: string[]) => Promise<unknown>

function evaluatorOf(client: unknown): Evaluate {
  const shape = isObject(client) ? (client as Partial<IoredisClient & NodeRedisClient>) : {}
  if (typeof shape.eval === 'function' && typeof shape.defineCommand === 'function') {
    const ioredis = client as IoredisClient
    return (script, keys, values) => ioredis.eval(script, keys.length, ...keys, ...values)
  }
  if (typeof shape.eval === 'function' && typeof shape.isOpen === 'boolean') {
    const redis = client as NodeRedisClient
    return (script, keys, values) => redis.eval(script, { keys, arguments: values })
  }
  throw new CacheAttributionError(
    'ERR_OPTION_TYPE',
    `redisLease() takes a client of ioredis or of node-redis 4 and later, got ${describe(client)}`,
  )
}

class RedisLease implements Lease {
  readonly #evaluate: Evaluate
  readonly #settings: ResolvedLeaseOptions
  /** The braces have both in one slot of a cluster. */
  readonly #keys: readonly string[]

  constructor(evaluate: Evaluate, settings: ResolvedLeaseOptions) {
    this.#evaluate = evaluate
    this.#settings = settings
    const prefix = `cache-attribution:lease:{${settings.name}}`
    this.#keys = [`${prefix}:holders`, `${prefix}:token`]
  }

  async acquire(): Promise<LeaseGrant | null> {
    const { holders, termMs } = this.#settings
    const [id, term] = [randomUUID(), String(termMs)]
    const askedMs = ownTimers.now()
    const release = async (): Promise<boolean> => (await this.#ask(RELEASE, [id])) === 1
    const asked = this.#ask(ACQUIRE, [id, term, String(holders)])
    let token: number
    try {
      token = await inTime(termMs / 2, asked)
    } catch (error) {
      // A command that waits for a connection may be carried out later.
      void asked.then(release).catch(() => undefined)
      throw error
    }
    if (token === 0) return null
    const renew = async (): Promise<boolean> => (await this.#ask(RENEW, [id, term])) === 1
    return new RenewedGrant({ token, termMs, askedMs, store: { renew, release } })
  }

  async #ask(script: string, values: string[]): Promise<number> {
    let answer: unknown
    try {
      answer = await this.#evaluate(script, [...this.#keys], values)
    } catch (error) {
      throw storeFailed(`Redis did not carry it out: ${messageOf(error)}`, error)
    }
    const number = Number(answer)
    if (typeof answer === 'object' || !Number.isSafeInteger(number) || number < 0) {
      throw storeFailed(`Redis answered ${describe(answer)} where a number is due`)
    }
    return number
  }
}
