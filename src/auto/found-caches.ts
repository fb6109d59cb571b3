/**
 * The caches that were created in this process: by class and place, and registered with the default coordinator.
 *
 * Rule: a creation costs next to nothing. The first of a class are each taken with their place, later ones as often as a budget
 * allows; the others are counted. The place of one is found a little later, or when somebody asks for the caches.
 */
import { fromPMemoize } from '../adapters/p-memoize.js'
import type { PMemoizeClear, PMemoized } from '../adapters/p-memoize.js'
import { COMPOSITES } from './libraries.js'
import type { Coordinator } from '../coordinator/coordinator.js'
import type { Registration } from '../coordinator/registry.js'
import type { AttributionReport } from '../report/types.js'
import { isOwnFile } from '../support/own-package.js'
import { formatCount } from '../support/units.js'
import type { ReleasableTraits } from '../coordinator/releasable.js'
import { codePlaceOf, fileOf, frameOfPlace, frameOutside, framesOf, nameOfPlace, pathOf } from './creation-place.js'
import type { CodePlace } from './creation-place.js'
import { CacheGroup, byShape } from './cache-group.js'
import type { AsReleasable } from './cache-group.js'
import { CreationQueue } from './creation-queue.js'
import type { Creation, Origin } from './export-wrapper.js'
import { FollowBudget } from './follow-budget.js'
import { hiderOf, isCacheCode } from './libraries.js'
import { cacheParts } from './cache-parts.js'

/** A place whose first caches must all not be emptied is asked about no more. */
const REFUSALS_MAX = 1000
const NAME_LENGTH_MAX = 195

/** One place, and what is created there. */
interface FoundGroup {
  readonly group: CacheGroup
  readonly name: string
  registration: Registration | undefined
  refusals: number
}

/** The facts about an export that makes caches. */
interface Product {
  readonly places: Map<string, FoundGroup>
  readonly budget: FollowBudget
  /** Created beyond the budget. */
  missed: number
  readonly label: string
}

/** How found caches are registered. */
export interface FoundCachesOptions {
  /** Whether they may be released in the live process. */
  readonly allowRelease: boolean
  /** The folder that places are told relative to. */
  readonly cwd: string
}

/** See the top of this file. */
export class FoundCaches {
  readonly #options: FoundCachesOptions
  readonly #products = new Map<object, Product>()
  /** A part of a cache → the cache that is built on it. */
  readonly #wholes = new WeakMap<object, WeakRef<object>>()
  /** Each function that a memoizer made → the function that empties it. */
  readonly #clears = new WeakMap<object, unknown>()
  readonly #queue = new CreationQueue((creations) => {
    this.#takeUp(creations)
  })
  /** One living cache of each group is watched: when it goes, the group is looked through. */
  readonly #ends = new FinalizationRegistry<{ readonly product: Product; readonly key: string }>((place) => {
    this.#findInside(place)
  })
  #coordinator: Coordinator | undefined

  constructor(options: FoundCachesOptions) {
    this.#options = options
  }

  /** Whether another instance of this export is followed. */
  follows(origin: Origin): boolean {
    const product = this.#productOf(origin)
    if (product.budget.take()) return true
    product.missed++
    return false
  }

  /** Takes up a creation. Never throws. */
  add(creation: Creation): void {
    try {
      this.#queue.add(creation)
    } catch {
      // The service gets its cache all the same.
    }
  }

  /** Registers what was created until now. */
  settle(): void {
    this.#queue.flush()
  }

  /** Registers what was found, and what will be, with this coordinator from now on. */
  attach(coordinator: Coordinator): void {
    this.#coordinator = undefined
    this.settle()
    this.#coordinator = coordinator
    coordinator.extendReports((report) => this.#withMissed(report))
    for (const product of this.#products.values()) {
      for (const found of product.places.values()) {
        found.registration = undefined
        this.#register(found)
      }
    }
  }

  /** A row stands for the caches that are followed: where there may be more of the class, the report says so. */
  #withMissed(report: AttributionReport): AttributionReport {
    const warnings = [...this.#products.values()].flatMap(({ missed, label }) =>
      missed === 0
        ? []
        : [
            {
              code: 'WARN_AUTO_NOT_FOLLOWED' as const,
              message: `${formatCount(missed)} instances of ${label} were not followed, since too many are created: what of them still lives is in no row`,
            },
          ],
    )
    return warnings.length === 0 ? report : { ...report, warnings: [...report.warnings, ...warnings] }
  }

  /** Groups are registered when all are in theirs: a cache may turn out to be a part of a later one. */
  #takeUp(creations: readonly Creation[]): void {
    const groups = new Set<FoundGroup>()
    const composites: object[] = []
    for (const creation of creations) {
      try {
        const found = this.#place(creation)
        if (found === null) continue
        const isComposite = COMPOSITES.has(creation.origin.library)
        if (isComposite) composites.push(creation.made)
        if (isComposite || (found.registration === undefined && found.refusals < REFUSALS_MAX)) groups.add(found)
      } catch {
        // A class or a stack of no known kind: the others are taken.
      }
    }
    this.#noteParts(composites)
    for (const group of groups) this.#register(group)
  }

  /** The group of a creation, with it; null where it gets none. */
  #place(creation: Creation): FoundGroup | null {
    const frames = framesOf(creation.stack)
    if (isHiddenPart(creation, frames)) return null
    const product = this.#productOf(creation.origin)
    const { made, clear } = creation
    if (clear !== undefined) this.#clears.set(made, clear)
    const frame = frameOf(creation, frames)
    const key = `${frame === undefined ? '' : fileOf(frame)}:${String(frame?.getLineNumber() ?? 0)} ${creation.className}`
    let found = product.places.get(key)
    if (found === undefined) {
      found = this.#newGroup(creation, codePlaceOf(frame))
      product.places.set(key, found)
      this.#ends.register(made, { product, key })
    }
    const swept = found.group.add(made)
    if (swept !== null) product.budget.note(swept)
    return found
  }

  #productOf({ export: kind }: Origin): Product {
    let product = this.#products.get(kind)
    if (product === undefined) {
      const budget = new FollowBudget({ isPerRequest: kind.isPerRequest === true })
      product = { places: new Map(), budget, missed: 0, label: kind.label }
      this.#products.set(kind, product)
    }
    return product
  }

  #newGroup(
    {
      origin: {
        library,
        export: { kind },
      },
      className,
    }: Creation,
    place: CodePlace,
  ): FoundGroup {
    const asReleasable: AsReleasable = kind === 'memoizer' ? (made) => this.#memoized(made) : byShape
    const where = kind === 'value' ? library : nameOfPlace(place, this.#options.cwd)
    const group = new CacheGroup(asReleasable, (cache) => this.#wholes.get(cache)?.deref() !== undefined)
    return { group, name: `${where} ${className}`.slice(0, NAME_LENGTH_MAX), registration: undefined, refusals: 0 }
  }

  #memoized(made: object): ReturnType<AsReleasable> {
    const clear = this.#clears.get(made)
    return clear === undefined ? undefined : fromPMemoize(made as PMemoized, clear as PMemoizeClear)
  }

  #register(found: FoundGroup): void {
    const coordinator = this.#coordinator
    if (coordinator === undefined || found.registration !== undefined) return
    try {
      const releasable = found.group.releasable(
        (traits) => this.#traits(traits),
        () => {
          unregister(found)
        },
      )
      if (releasable === undefined) {
        found.refusals++
        return
      }
      found.registration = coordinator.register(freeName(coordinator, found.name), releasable)
    } catch {
      // A coordinator that was closed, or a name that it does not take.
      found.refusals++
    }
  }

  #traits(own: ReleasableTraits): ReleasableTraits {
    return { ...own, ...(this.#options.allowRelease ? {} : { live: false }) }
  }

  /** A cache that must not be emptied as a whole, such as a Keyv over Redis, covers nothing. */
  #noteParts(composites: readonly object[]): void {
    for (const made of composites) {
      if (byShape(made) === undefined) continue
      const whole = new WeakRef(made)
      for (const part of cacheParts(made)) this.#wholes.set(part, whole)
    }
  }

  #findInside({ product, key }: { readonly product: Product; readonly key: string }): void {
    const found = product.places.get(key)
    if (found === undefined) return
    const swept = found.group.sweep()
    product.budget.note(swept)
    if (swept.one !== undefined) {
      this.#ends.register(swept.one, { product, key })
      return
    }
    product.places.delete(key)
    unregister(found)
  }
}

/** Later: the caller is going through the registered caches. */
function unregister(found: FoundGroup): void {
  queueMicrotask(() => {
    found.registration?.unregister()
    found.registration = undefined
  })
}

/** The frame outside of the cache libraries: one may be built on another. */
function frameOf({ levels }: Creation, frames: readonly NodeJS.CallSite[]): NodeJS.CallSite | undefined {
  const frame = frameOfPlace(frames, levels)
  return frame !== undefined && isOfLibrary(fileOf(frame)) ? frameOutside(frames, (file) => !isOfLibrary(file)) : frame
}

/** The role of a file for caches. */
interface FileKind {
  readonly isOfLibrary: boolean
  readonly hider: string | null
}

/** File, as V8 names it → what it is. */
const fileKinds = new Map<string, FileKind>()

function kindOfFile(file: string): FileKind {
  let kind = fileKinds.get(file)
  if (kind === undefined) {
    const name = pathOf(file)
    // Between a library's frames there are those of what wraps it.
    kind = { isOfLibrary: isOwnFile(name) || isCacheCode(name), hider: hiderOf(name) }
    fileKinds.set(file, kind)
  }
  return kind
}

function isOfLibrary(file: string): boolean {
  return kindOfFile(file).isOfLibrary
}

/** Whether another cache has it inside, where nobody could see it. */
function isHiddenPart({ origin: { library } }: Creation, frames: readonly NodeJS.CallSite[]): boolean {
  const [innermost] = frames
  const hider = innermost === undefined ? null : kindOfFile(fileOf(innermost)).hider
  return hider !== null && hider !== library
}

/** Somebody may have registered a cache under this name. */
function freeName(coordinator: Coordinator, name: string): string {
  const taken = new Set(coordinator.names)
  for (let number = 2, free = name; ; free = `${name} #${String(number++)}`) if (!taken.has(free)) return free
}
