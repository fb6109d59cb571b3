/**
 * A lease in a folder, for the processes of one machine: a file for each grant, named by its token.
 *
 * Rule: a file is made once and by one process, and only its maker changes it. A grant is held if its file says so by a clock that this
 * process shares; where the clock is another, if the file has changed within its term, by this process's own clock.
 */
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { CacheAttributionError, describe } from '../../support/errors.js'
import type { Lease, LeaseGrant } from '../../support/lease.js'
import { ownTimers } from '../../support/own-timers.js'
import { readGrantRecord, sharedClock } from './grant-record.js'
import type { GrantRecord } from './grant-record.js'
import { GrantFiles } from './grant-files.js'
import { resolveLeaseOptions } from './options.js'
import type { LeaseOptions, ResolvedLeaseOptions } from './options.js'
import { RenewedGrant } from './renewed-grant.js'

/** Tries to be the maker of the next file, beside others who try. */
const TRIES_MAX = 10
/** Clocks of machines run at speeds that differ by less. */
const OTHER_CLOCK_SHARE = 1.1

/**
 * A lease over the processes of one machine, containers with the same folder included: at most `holders` of them measure at a time.
 *
 * @param folder absolute or relative; made with mode 0700 if only it is missing. Not on a file system that several machines share
 * @throws CacheAttributionError `ERR_OPTION_*`
 * @example
 * const reporter = new PeriodicReporter(coordinator, { lease: fileLease('/run/shop/lease'), schedules: [{ every: 3_600_000, mode: 'twin' }] })
 */
export function fileLease(folder: string, options?: LeaseOptions): Lease {
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0')) {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `fileLease() takes the path of a folder, got ${describe(folder)}`,
    )
  }
  return new FileLease(path.resolve(folder), resolveLeaseOptions('fileLease()', options))
}

/** A file whose clock is not this process's, as it was seen first. */
interface Seen {
  readonly text: string
  readonly sinceMs: number
}

class FileLease implements Lease {
  readonly #files: GrantFiles
  readonly #settings: ResolvedLeaseOptions
  readonly #clock = sharedClock()
  readonly #seen = new Map<number, Seen>()

  constructor(folder: string, settings: ResolvedLeaseOptions) {
    this.#files = new GrantFiles(folder, settings.name)
    this.#settings = settings
  }

  async acquire(): Promise<LeaseGrant | null> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const outcome = await this.#try()
      if (outcome !== 'again') return outcome
    }
    return null
  }

  async #try(): Promise<LeaseGrant | null | 'again'> {
    const { holders, termMs } = this.#settings
    const tokens = await this.#files.tokens()
    const ended = await this.#endedOf(tokens)
    if (tokens.length - ended.length >= holders) return null
    // In an empty folder, too, it is higher than those that were there once.
    const highest = tokens.at(-1)
    const token = highest === undefined ? wallMicroseconds() : highest + 1
    const askedMs = ownTimers.now()
    const id = randomUUID()
    const write = (untilMs: number | null): string =>
      JSON.stringify({ clock: this.#clock, untilMs, termMs, pid: process.pid, id } satisfies GrantRecord & {
        id: string
      })
    if (!(await this.#files.make(token, write(askedMs + termMs)))) return 'again'
    // One who was slow may have made a file that had come and gone.
    const since = await this.#files.tokens()
    if (since.at(-1) !== token) {
      await this.#files.remove([token])
      return 'again'
    }
    // Who emptied the folder has taken the lease from its holders.
    const change = async (untilMs: number | null): Promise<boolean> => {
      const isOwn = (await this.#files.read(token))?.includes(id) === true
      if (isOwn) await this.#files.change(token, write(untilMs))
      return isOwn
    }
    const release = (): Promise<boolean> => change(null)
    if (since.length - 1 - (await this.#endedOf(since.slice(0, -1))).length >= holders) {
      await release()
      return null
    }
    await this.#files.remove(ended)
    await this.#files.removeLeftOvers(token)
    const renew = (): Promise<boolean> => change(ownTimers.now() + termMs)
    return new RenewedGrant({ token, termMs, askedMs, store: { renew, release } })
  }

  /** Those of the tokens whose grants are over. */
  async #endedOf(tokens: readonly number[]): Promise<number[]> {
    for (const token of this.#seen.keys()) if (!tokens.includes(token)) this.#seen.delete(token)
    const texts = await Promise.all(tokens.map((token) => this.#files.read(token)))
    return tokens.filter((token, index) => this.#hasEnded(token, texts[index] ?? null))
  }

  #hasEnded(token: number, text: string | null): boolean {
    const nowMs = ownTimers.now()
    // Removed since its name was read: it was over.
    if (text === null) return true
    const record = readGrantRecord(text)
    if (record?.untilMs === null) return true
    if (record !== null && record.clock !== null && record.clock === this.#clock) return record.untilMs <= nowMs
    const seen = this.#seen.get(token)
    if (seen?.text !== text) {
      this.#seen.set(token, { text, sinceMs: nowMs })
      return false
    }
    return nowMs - seen.sinceMs > OTHER_CLOCK_SHARE * (record?.termMs ?? this.#settings.termMs)
  }
}

function wallMicroseconds(): number {
  return Math.floor(1000 * (performance.timeOrigin + performance.now()))
}
