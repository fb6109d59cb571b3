/**
 * Finds a libjemalloc that Node can be started under, and fetches one where that can be done without root.
 *
 * Rule: a library counts as found when a Node has been started under it and jemalloc served its memory. One that was
 * named by the user and does not work is an error; any other is passed over, and said.
 */
import { existsSync, realpathSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { CacheAttributionError, reasonOf } from '../../support/errors.js'
import { allocatorFacts } from '../doctor/allocator-facts.js'
import { cacheFolders, fetchedCopy } from './cache-folders.js'
import { preloadedCandidates, systemCandidates } from './candidates.js'
import type { Candidate, LibrarySource } from './candidates.js'
import { LIBRARY_VARIABLE, distributionOf, installAdvice } from './distribution.js'
import type { Distribution } from './distribution.js'
import { execute } from './execute.js'
import { fetchJemalloc } from './fetch.js'
import { LIBRARY_NAME, thisHost } from './host.js'
import type { Host } from './host.js'
import { mergePreload, unpreloadable } from './preload.js'
import { probeLibrary } from './probe.js'
import type { LibraryFacts, Probe } from './probe.js'
import { secureStartAdvice } from './secure-start.js'
import type { SecureStart } from './secure-start.js'

/** How to search. */
export interface FindJemallocOptions {
  /** Whether a missing library may be fetched from the distribution's package sources. */
  readonly fetch: boolean
  /** The environment that the program will run in. */
  readonly env: NodeJS.ProcessEnv
  /** The folder whose node_modules may keep a fetched copy. */
  readonly cwd: string
  /** Takes one line at a time about what was passed over and what is being done. */
  readonly log: (line: string) => void
  /** Ends the search early; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Facts about this machine; for tests. @default thisHost() */
  readonly host?: Host | undefined
}

/** A library that works. */
export interface FoundJemalloc {
  /** For LD_PRELOAD: an absolute path, or a bare name that the loader finds. */
  readonly path: string
  readonly source: LibrarySource
  readonly facts: LibraryFacts
  /** The value LD_PRELOAD must have; undefined: leave it as it is. */
  readonly preload: string | undefined
}

/** No library, why, and the command that fixes it. */
export interface MissingJemalloc {
  readonly path: null
  readonly code: 'ERR_JEMALLOC_NOT_FOUND' | 'ERR_JEMALLOC_FETCH'
  readonly reason: string
  readonly mend: string
  /** Whether a search with `fetch` would try to fetch it. */
  readonly fetchable: boolean
}

/**
 * Looks in this order: the variable CACHE_ATTRIBUTION_JEMALLOC, what is preloaded already, the system's library, an
 * earlier fetched copy; then fetches one, where `fetch` allows it and the system is of Debian's family.
 *
 * @throws CacheAttributionError `ERR_JEMALLOC_NOT_FOUND` when CACHE_ATTRIBUTION_JEMALLOC names a library that does not work
 * @example
 * const found = await findJemalloc({ fetch: true, env: process.env, cwd: process.cwd(), log: console.error })
 * if (found.path === null) console.error(found.reason, found.mend)
 */
export async function findJemalloc(options: FindJemallocOptions): Promise<FoundJemalloc | MissingJemalloc> {
  const host = options.host ?? thisHost()
  const distribution = distributionOf(host.osRelease)
  const { obstacle, mend } = installAdvice(host.platform, distribution.family)
  if (obstacle !== null) return { path: null, code: 'ERR_JEMALLOC_NOT_FOUND', reason: obstacle, mend, fetchable: false }
  if (host.secureStart !== null) return withoutPreload(options, host, host.secureStart)
  const search = new Search(options, host, distribution)
  const found = (await search.named()) ?? (await search.existing())
  options.signal?.throwIfAborted()
  if (found !== undefined) return found
  const fetchable = distribution.family === 'debian'
  const missing = (code: MissingJemalloc['code'], reason: string): MissingJemalloc => {
    return { path: null, code, reason, mend, fetchable }
  }
  if (!options.fetch || !fetchable) {
    return missing('ERR_JEMALLOC_NOT_FOUND', search.summary())
  }
  try {
    return await search.fetched()
  } catch (error) {
    options.signal?.throwIfAborted()
    return missing('ERR_JEMALLOC_FETCH', `it could not be fetched: ${reasonOf(error)}`)
  }
}

/**
 * Where the loader ignores LD_PRELOAD, a library is found only if this process has it already, which is of the same file. jemalloc
 * ignores MALLOC_CONF there too, so that it prints nothing in a trial: this process is asked in its place.
 */
function withoutPreload(
  { env, cwd }: FindJemallocOptions,
  { mappedJemalloc, execPath, libc }: Host,
  why: SecureStart,
): FoundJemalloc | MissingJemalloc {
  const { reason, mend } = secureStartAdvice(why, execPath, libc)
  const named = env[LIBRARY_VARIABLE] ?? ''
  const { name, version, statistic, settings } = allocatorFacts()
  const isServed = mappedJemalloc !== null && name === 'jemalloc' && statistic !== null
  if (named !== '' && !(isServed && realPath(path.resolve(cwd, named)) === realPath(mappedJemalloc))) {
    const problem = `${LIBRARY_VARIABLE} names ${named}, which cannot be preloaded: ${reason}`
    throw new CacheAttributionError('ERR_JEMALLOC_NOT_FOUND', `${problem}. To fix it: ${mend}`)
  }
  if (!isServed) return { path: null, code: 'ERR_JEMALLOC_NOT_FOUND', reason, mend, fetchable: false }
  const facts = { version: version ?? 'unknown', profiling: settings?.configProf ?? null }
  return { path: mappedJemalloc, source: 'preloaded', facts, preload: undefined }
}

/** One search: the options, and what was tried so far. */
class Search {
  readonly #options: FindJemallocOptions
  readonly #host: Host
  readonly #folders: readonly string[]
  readonly #tried = new Set<string>()
  readonly #refused: string[] = []

  constructor(options: FindJemallocOptions, host: Host, distribution: Distribution) {
    this.#options = options
    this.#host = host
    const { env, cwd } = options
    const home = env['HOME'] ?? homeFolder()
    this.#folders = cacheFolders({ env, cwd, home }, distribution, host.arch)
  }

  /** The library that CACHE_ATTRIBUTION_JEMALLOC names. */
  async named(): Promise<FoundJemalloc | undefined> {
    const { env, cwd } = this.#options
    const value = env[LIBRARY_VARIABLE] ?? ''
    if (value === '') return undefined
    // Without a slash it is a name for the loader to look up, as in LD_PRELOAD itself.
    const library = value.includes('/') ? path.resolve(cwd, value) : value
    const found = await this.#try({ path: library, source: 'env' })
    this.#options.signal?.throwIfAborted()
    if (found !== undefined) return found
    throw new CacheAttributionError('ERR_JEMALLOC_NOT_FOUND', `${LIBRARY_VARIABLE} names ${this.#refused.join('; ')}`)
  }

  async existing(): Promise<FoundJemalloc | undefined> {
    const { env, log } = this.#options
    const found = await this.#firstOf(preloadedCandidates(this.#host, env['LD_PRELOAD']))
    if (found !== undefined) return found
    const system = systemCandidates(this.#host, await this.#ldconfigListing(), LIBRARY_NAME, existsSync)
    return (await this.#firstOf(system)) ?? (await this.#firstOf(this.#copies(log)))
  }

  async fetched(): Promise<FoundJemalloc> {
    const { env, log, signal } = this.#options
    const library = await fetchJemalloc({ host: this.#host, env, folders: this.#folders, log, signal })
    return {
      path: library.path,
      source: 'fetched',
      facts: library.facts,
      preload: mergePreload(library.path, env['LD_PRELOAD']),
    }
  }

  summary(): string {
    return this.#refused.length === 0
      ? 'there is no libjemalloc on this system'
      : `none of the libjemalloc here works: ${this.#refused.join('; ')}`
  }

  *#copies(log: (line: string) => void): Generator<Candidate> {
    for (const folder of this.#folders) {
      const file = path.join(folder, LIBRARY_NAME)
      const { exists, distrust } = fetchedCopy(file)
      if (distrust !== null) log(`not used: ${file}: ${distrust}`)
      else if (exists) yield { path: file, source: 'cache' }
    }
  }

  async #firstOf(candidates: Iterable<Candidate>): Promise<FoundJemalloc | undefined> {
    for (const candidate of candidates) {
      const found = await this.#try(candidate)
      if (found !== undefined || this.#options.signal?.aborted === true) return found
    }
    return undefined
  }

  async #try(candidate: Candidate): Promise<FoundJemalloc | undefined> {
    const { env, signal } = this.#options
    const inPlace = candidate.source === 'preloaded'
    // A preloaded library is tried as it stands: a file that works in front may be bypassed further back.
    const identity = inPlace ? '' : realPath(candidate.path)
    if (this.#tried.has(identity)) return undefined
    this.#tried.add(identity)
    const obstacle = inPlace ? null : unpreloadable(candidate.path)
    const preload = inPlace ? env['LD_PRELOAD'] : mergePreload(candidate.path, env['LD_PRELOAD'])
    const probe: Probe =
      obstacle === null ? await probeLibrary(this.#host, env, preload, signal) : { works: false, reason: obstacle }
    if (probe.works) return { ...candidate, facts: probe.facts, preload: inPlace ? undefined : preload }
    if (signal?.aborted !== true) this.#refuse(candidate, probe.reason)
    return undefined
  }

  #refuse({ path: library, source }: Candidate, reason: string): void {
    // The loader not finding a bare name, or finding the file that was just refused by its path, is nothing new.
    if (source === 'system' && !library.includes('/')) return
    this.#refused.push(`${library}: ${reason}`)
    if (source !== 'env') this.#options.log(`passed over ${library}: ${reason}`)
  }

  /** `ldconfig -p`; empty where there is none (musl has another ldconfig, without that option). */
  async #ldconfigListing(): Promise<string> {
    const { env, signal } = this.#options
    for (const ldconfig of this.#host.ldconfigPaths) {
      const { ok, stdout } = await execute(ldconfig, ['-p'], { env: { PATH: env['PATH'] }, timeoutMs: 10_000, signal })
      if (ok) return stdout
    }
    return ''
  }
}

function realPath(library: string): string {
  try {
    return realpathSync(library)
  } catch {
    return library
  }
}

function homeFolder(): string {
  try {
    return os.homedir()
  } catch {
    return ''
  }
}
