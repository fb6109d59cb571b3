/**
 * Watches the caches' own entry counts around the releases: who emptied what.
 *
 * A release that empties a neighbour would otherwise pass for a large cache, and its neighbour for an empty one.
 */
import type { ReportWarning } from '../../report/types.js'
import { askCache, inspectCache } from '../inspect.js'
import type { Inspection } from '../inspect.js'
import type { RegisteredCache } from '../registry.js'

/** Looking at all remaining caches after each release grows with their square. */
const WATCHED_CACHES_MAX = 256

/** The entry counts of one run. */
export class EntryWatch {
  readonly #warn: (warning: ReportWarning) => void
  readonly #onAsk: (cache: RegisteredCache) => void
  readonly #caches: readonly RegisteredCache[]
  #atStart = new Map<RegisteredCache, number | null>()
  readonly #emptiedByOther = new Set<RegisteredCache>()
  readonly #unreleased: Set<RegisteredCache>
  #counts = new Map<RegisteredCache, number | null>()

  /** `onAsk` is called right before a cache is asked, so that a cache that never answers is known. */
  constructor(
    caches: readonly RegisteredCache[],
    warn: (warning: ReportWarning) => void,
    onAsk: (cache: RegisteredCache) => void = () => undefined,
  ) {
    this.#warn = warn
    this.#onAsk = onAsk
    this.#caches = caches
    this.#unreleased = new Set(caches)
  }

  /** When the run starts. */
  start(): void {
    this.#atStart = new Map(this.#caches.map((cache) => [cache, this.#ask(cache)]))
  }

  /** Entries that a cache counted when the run started. */
  entriesAtStart(cache: RegisteredCache): number | null {
    return this.#atStart.get(cache) ?? null
  }

  /** Right before a turn that releases `caches`. */
  before(caches: readonly RegisteredCache[]): Map<RegisteredCache, Inspection> {
    const inspections = new Map(caches.map((cache) => [cache, this.#inspect(cache)]))
    for (const [cache, { entries }] of inspections) {
      // Of a cache that is trimmed in several turns the later ones find what the first ones left.
      const isFirst = this.#unreleased.delete(cache)
      if (isFirst && entries === 0 && (this.#atStart.get(cache) ?? 0) > 0 && !this.#emptiedByOther.has(cache)) {
        this.#warn({
          code: 'WARN_RELEASED_ELSEWHERE',
          message: `${JSON.stringify(cache.name)} was emptied during the run before its own release`,
          cache: cache.name,
        })
      }
    }
    this.#counts =
      this.#unreleased.size <= WATCHED_CACHES_MAX ? this.#count() : new Map<RegisteredCache, number | null>()
    return inspections
  }

  /**
   * Right before the release of `cache` in a turn that it shares: whether one of those before it emptied it. Their names
   * are `earlier`.
   */
  beforeItsRelease(cache: RegisteredCache, entriesBefore: number | null, earlier: readonly string[]): void {
    if ((entriesBefore ?? 0) === 0 || this.#ask(cache, quiet) !== 0) return
    this.#emptiedByOther.add(cache)
    this.#warnEmptied(earlier, cache)
  }

  /** In the same turn after the last read, before anything else can run; gives the entries left in each. */
  after(caches: readonly RegisteredCache[]): Map<RegisteredCache, number | null> {
    for (const [cache, entries] of this.#counts) {
      if ((entries ?? 0) === 0 || this.#ask(cache, quiet) !== 0) continue
      this.#emptiedByOther.add(cache)
      const by = caches.map(({ name }) => name)
      this.#warnEmptied(by, cache)
    }
    return new Map(caches.map((cache) => [cache, this.#ask(cache)]))
  }

  #warnEmptied(by: readonly string[], cache: RegisteredCache): void {
    const [first] = by
    this.#warn({
      code: 'WARN_RELEASED_OTHER',
      message: `the release of ${by.map((name) => JSON.stringify(name)).join(', ')} emptied ${JSON.stringify(cache.name)} too: the row holds both`,
      ...(first === undefined ? {} : { cache: first }),
      caches: [...by, cache.name],
    })
  }

  #count(): Map<RegisteredCache, number | null> {
    return new Map([...this.#unreleased].map((cache) => [cache, this.#ask(cache, quiet)]))
  }

  #ask(cache: RegisteredCache, warn = this.#warn): number | null {
    this.#onAsk(cache)
    return askCache(cache, 'entries', warn)
  }

  #inspect(cache: RegisteredCache): Inspection {
    this.#onAsk(cache)
    return inspectCache(cache, this.#warn)
  }
}

function quiet(): void {
  // The first reading has warned already.
}
