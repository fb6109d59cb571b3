/**
 * The dumps on disk: listed, read, served and pruned; the monitor's and jemalloc's own.
 *
 * Rule: only what has the name of a dump is touched, and only where it is a regular file: an id is a name in one of the
 * folders, never a path; links are not followed. A file that goes away meanwhile is no failure.
 */
import { constants } from 'node:fs'
import type { ReadStream } from 'node:fs'
import { lstat, open, readdir, unlink } from 'node:fs/promises'
import path from 'node:path'
import { CacheAttributionError, describe, messageOf } from '../../support/errors.js'
import { number, oneOf, optional, resolveOptions, text } from '../../support/options.js'
import type { Check } from '../../support/options.js'
import { parseHeapProfile } from '../../heap-profile/profile/parse-heap-profile.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import { parseDumpName } from './dump-names.js'
import type { DumpName, DumpTrigger } from './dump-names.js'

/** One dump. */
export interface Dump extends Omit<DumpName, 'takenAt'> {
  /** Its name, by which it is asked for. */
  readonly id: string
  readonly path: string
  readonly bytes: number
  /** ISO 8601: what the name says, or when the file was written to last. */
  readonly takenAt: string
}

/** Options of `new DumpCatalogue()`. */
export interface DumpCatalogueOptions {
  /** Where dumps lie: a growth monitor's folder, and that of jemalloc's `prof_prefix`. A missing one holds none. */
  readonly folders: readonly string[]
}

/** Which dumps; what is left out does not matter. */
export interface DumpFilter {
  readonly trigger?: DumpTrigger | undefined
  readonly writtenBy?: Dump['writtenBy'] | undefined
  readonly prefix?: string | undefined
  readonly pid?: number | undefined
  /** Not before. */
  readonly since?: Date | undefined
  /** Not after. */
  readonly until?: Date | undefined
}

/** The limits of what is left. Of the rest the oldest goes first. */
export interface PruneOptions extends DumpFilter {
  /** @default Infinity */
  readonly maxFiles?: number | undefined
  /** All together. @default Infinity */
  readonly maxBytes?: number | undefined
  /** @default Infinity */
  readonly maxAgeMs?: number | undefined
}

/** The dumps around a moment. */
export interface DumpsAround {
  /** The last one at or before it. */
  readonly before: Dump | null
  /** The first one after it. */
  readonly after: Dump | null
  /** Everything within the time asked for, the nearest first. */
  readonly around: readonly Dump[]
}

/** An open dump, to be passed on. */
export interface ServedDump {
  readonly dump: Dump
  /** Its bytes; to be read to the end or destroyed. */
  readonly stream: ReadStream
}

const AROUND_MS = 10 * 60_000
const TRIGGERS = ['step', 'high-water', 'share', 'rate', 'manual', 'interval', 'gdump', 'final', 'mallctl'] as const

/**
 * The dumps in some folders.
 *
 * @example
 * const dumps = new DumpCatalogue({ folders: ['/var/dumps'] })
 * const { before, after } = await dumps.at('2026-03-01T04:12:00Z')
 * if (before !== null && after !== null) {
 *   const grown = subtractProfile(await dumps.profile(after.id), await dumps.profile(before.id))
 * }
 */
export class DumpCatalogue {
  readonly #folders: readonly string[]

  /** @throws CacheAttributionError `ERR_OPTION_*` */
  constructor(options: DumpCatalogueOptions) {
    const { folders } = resolveOptions<DumpCatalogueOptions>('DumpCatalogue', options, {
      folders: { check: folderList, fallback: [] },
    })
    if (folders.length === 0)
      throw new CacheAttributionError('ERR_OPTION_TYPE', '"folders" must name at least one folder')
    this.#folders = folders.map((folder) => path.resolve(folder))
  }

  /** The dumps, the oldest first. @throws CacheAttributionError `ERR_DUMP_FOLDER` where a folder cannot be read */
  async list(filter?: DumpFilter): Promise<Dump[]> {
    const wanted = resolveOptions<ResolvedFilter>('list()', filter, FILTER_RULES)
    const found = await Promise.all(this.#folders.map((folder) => dumpsIn(folder)))
    // Of two of one name the first folder's counts.
    const byId = new Map(
      found
        .flat()
        .toReversed()
        .map((dump) => [dump.id, dump]),
    )
    return [...byId.values()].filter((dump) => matches(dump, wanted)).toSorted(byAge)
  }

  /** The dumps around an incident. @throws CacheAttributionError `ERR_OPTION_*`, `ERR_DUMP_FOLDER` */
  async at(
    time: Date | string | number,
    options?: DumpFilter & { readonly withinMs?: number | undefined },
  ): Promise<DumpsAround> {
    const atMs = new Date(time).getTime()
    if (Number.isNaN(atMs)) {
      throw new CacheAttributionError('ERR_OPTION_TYPE', `at() takes a point in time, got ${describe(time)}`)
    }
    const { withinMs, ...filter } = resolveOptions<ResolvedFilter & { withinMs: number }>('at()', options, {
      ...FILTER_RULES,
      withinMs: { check: number({ min: 0 }), fallback: AROUND_MS },
    })
    const dumps = await this.list(filter)
    const distance = ({ takenAt }: Dump): number => Math.abs(new Date(takenAt).getTime() - atMs)
    return {
      before: dumps.findLast(({ takenAt }) => new Date(takenAt).getTime() <= atMs) ?? null,
      after: dumps.find(({ takenAt }) => new Date(takenAt).getTime() > atMs) ?? null,
      around: dumps.filter((dump) => distance(dump) <= withinMs).toSorted((a, b) => distance(a) - distance(b)),
    }
  }

  /** Opens a dump. @throws CacheAttributionError `ERR_DUMP_UNKNOWN` */
  async open(id: string): Promise<ServedDump> {
    const dump = await this.#find(id)
    try {
      const file = await open(dump.path, constants.O_RDONLY | constants.O_NOFOLLOW)
      return { dump, stream: file.createReadStream() }
    } catch (error) {
      throw unknownDump(id, messageOf(error))
    }
  }

  /**
   * The profile in a dump.
   *
   * @throws CacheAttributionError `ERR_DUMP_UNKNOWN`, also for what is no heap profile; `ERR_PROFILE_FORMAT` and the like
   */
  async profile(id: string): Promise<HeapProfile> {
    const { dump, stream } = await this.open(id)
    if (dump.kind !== 'heap-profile') {
      stream.destroy()
      throw unknownDump(id, `it is a ${dump.kind} and no heap profile`)
    }
    return { ...(await parseHeapProfile(stream)), takenAt: dump.takenAt }
  }

  /** Removes a dump. @throws CacheAttributionError `ERR_DUMP_UNKNOWN`, `ERR_DUMP_FOLDER` */
  async remove(id: string): Promise<void> {
    await removeFile(await this.#find(id))
  }

  /**
   * Removes the oldest dumps until what is left of those that the filter names is within the bounds.
   *
   * @returns what was removed
   * @throws CacheAttributionError `ERR_OPTION_*`, `ERR_DUMP_FOLDER`
   * @example
   * await dumps.prune({ writtenBy: 'jemalloc', maxBytes: 256 * 1024 * 1024 })
   */
  async prune(options?: PruneOptions): Promise<Dump[]> {
    const bound = { check: number({ min: 0, unbounded: true }), fallback: Infinity }
    const { maxFiles, maxBytes, maxAgeMs, ...filter } = resolveOptions<ResolvedFilter & ResolvedBounds>(
      'prune()',
      options,
      { ...FILTER_RULES, maxFiles: bound, maxBytes: bound, maxAgeMs: bound },
    )
    const dumps = await this.list(filter)
    const oldestMs = Date.now() - maxAgeMs
    let files = dumps.length
    let bytes = dumps.reduce((sum, dump) => sum + dump.bytes, 0)
    const removed: Dump[] = []
    for (const dump of dumps) {
      if (files <= maxFiles && bytes <= maxBytes && new Date(dump.takenAt).getTime() >= oldestMs) break
      await removeFile(dump)
      removed.push(dump)
      files--
      bytes -= dump.bytes
    }
    return removed
  }

  async #find(id: unknown): Promise<Dump> {
    if (typeof id === 'string' && path.basename(id) === id) {
      for (const folder of this.#folders) {
        const dump = await dumpAt(folder, id)
        if (dump !== null) return dump
      }
    }
    throw unknownDump(id, 'there is none of this name')
  }
}

interface ResolvedFilter {
  readonly trigger: DumpTrigger | undefined
  readonly writtenBy: Dump['writtenBy'] | undefined
  readonly prefix: string | undefined
  readonly pid: number | undefined
  readonly since: Date | undefined
  readonly until: Date | undefined
}

interface ResolvedBounds {
  readonly maxFiles: number
  readonly maxBytes: number
  readonly maxAgeMs: number
}

const date: Check<Date> = (value, name) => {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value
  throw new CacheAttributionError('ERR_OPTION_TYPE', `"${name}" must be a valid Date, got ${describe(value)}`)
}

const folderList: Check<readonly string[]> = (value, name) => {
  if (!Array.isArray(value)) {
    throw new CacheAttributionError('ERR_OPTION_TYPE', `"${name}" must be an array of folders, got ${describe(value)}`)
  }
  return value.map((folder) => text(4096)(folder, name))
}

const FILTER_RULES = {
  trigger: optional(oneOf(...TRIGGERS)),
  writtenBy: optional(oneOf('cache-attribution', 'jemalloc')),
  prefix: optional(text(200)),
  pid: optional(number({ min: 1, integer: true })),
  since: optional(date),
  until: optional(date),
} as const

function matches(dump: Dump, { trigger, writtenBy, prefix, pid, since, until }: ResolvedFilter): boolean {
  const takenMs = new Date(dump.takenAt).getTime()
  return (
    (trigger === undefined || dump.trigger === trigger) &&
    (writtenBy === undefined || dump.writtenBy === writtenBy) &&
    (prefix === undefined || dump.prefix === prefix) &&
    (pid === undefined || dump.pid === pid) &&
    (since === undefined || takenMs >= since.getTime()) &&
    (until === undefined || takenMs <= until.getTime())
  )
}

function byAge(a: Dump, b: Dump): number {
  return a.takenAt < b.takenAt ? -1 : a.takenAt > b.takenAt ? 1 : a.id < b.id ? -1 : 1
}

async function dumpsIn(folder: string): Promise<Dump[]> {
  let names: string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return []
    throw new CacheAttributionError('ERR_DUMP_FOLDER', `the dumps cannot be listed: ${messageOf(error)}`, {
      cause: error,
    })
  }
  const dumps = await Promise.all(names.map((name) => dumpAt(folder, name)))
  return dumps.filter((dump) => dump !== null)
}

async function dumpAt(folder: string, id: string): Promise<Dump | null> {
  const name = parseDumpName(id)
  if (name === null) return null
  const file = path.join(folder, id)
  const facts = await lstat(file).catch(() => null)
  if (facts?.isFile() !== true) return null
  return { ...name, id, path: file, bytes: facts.size, takenAt: (name.takenAt ?? facts.mtime).toISOString() }
}

async function removeFile({ path: file }: Dump): Promise<void> {
  try {
    await unlink(file)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return
    throw new CacheAttributionError('ERR_DUMP_FOLDER', `a dump cannot be removed: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function unknownDump(id: unknown, why: string): CacheAttributionError {
  return new CacheAttributionError('ERR_DUMP_UNKNOWN', `no dump ${describe(id)}: ${why}`)
}
