/**
 * Exports of cache libraries, so wrapped that what they make is told to a listener. `get`, `set` and all else of a cache stay what
 * they are: instances are the library's own.
 *
 * Rule: whatever goes wrong here, the caller gets the cache that the library made.
 */
import { FRAMES_MAX, recordStack } from './creation-place.js'
import type { AnyFunction, RecordedStack } from './creation-place.js'
import { exportsOf, packagesUsedBy } from './libraries.js'
import type { CacheExport } from './libraries.js'

/** An export of a library that is wrapped. */
export interface Origin {
  readonly library: string
  readonly export: CacheExport
}

/** An instance that a wrapped export made. */
export interface Creation {
  readonly origin: Origin
  readonly made: object
  /** Name of its class. */
  readonly className: string
  /** The stack above the function of this module that the creating code called; null where there is none. */
  readonly stack: RecordedStack | null
  /** So many constructors of subclasses stand between the place and the library. */
  readonly levels: number
  /** Of a memoizer: what empties `made`. */
  readonly clear: unknown
}

/** Is told of creations; must not throw. */
export interface CreationListener {
  /** Whether this one is to be followed. It is asked at every creation, and takes next to no time. */
  readonly follows: (origin: Origin) => boolean
  readonly add: (creation: Creation) => void
}

type Callable = (...args: unknown[]) => unknown
type Newable = new (...args: unknown[]) => object

/** Names of classes that minifiers leave over are shorter. */
const CLASS_NAME_LENGTH_MIN = 3

/** Wraps exports, each once, however many names it has. */
export class ExportWrapper {
  readonly #listener: CreationListener
  readonly #wrapped = new WeakMap<object, object>()
  readonly #own = new WeakSet()
  /** Libraries whose caches other loaded libraries have inside of theirs. */
  readonly #parts = new Set<string>()

  constructor(listener: CreationListener) {
    this.#listener = listener
  }

  /** A file of a cache library is loaded: from now on, what it uses of other libraries is sought behind its own frames. */
  noteLoaded(file: string): void {
    for (const name of packagesUsedBy(file)) this.#parts.add(name)
  }

  /** The value of `module.exports` of a file of `library`, its caches told of. The given object is changed where it can be. */
  exports(given: unknown, library: string, file: string): unknown {
    if (!isObject(given)) return given
    let result: object = given
    for (const [name, kind] of exportsOf(library, file)) {
      const own = Object.getOwnPropertyDescriptor(given, name)
      if (own !== undefined)
        result = withMember(result, name, this.value(Reflect.get(given, name), library, kind, given))
    }
    const itself = exportsOf(library, file).find(([name]) => name === 'default')?.[1]
    return itself === undefined ? result : this.value(result, library, itself, given)
  }

  /** One export. `namespace` has the others of its module. */
  value(given: unknown, library: string, kind: CacheExport, namespace: unknown): unknown {
    if (kind.kind === 'value') return this.#noteValue(given, { library, export: kind })
    if (typeof given !== 'function' || this.#own.has(given)) return given
    const known = this.#wrapped.get(given)
    if (known !== undefined) return known
    const wrapped = this.#wrap(given as Callable, { library, export: kind }, namespace)
    this.#wrapped.set(given, wrapped)
    this.#own.add(wrapped)
    return wrapped
  }

  /** Once, of whatever name: it is a cache itself. */
  #noteValue(given: unknown, origin: Origin): unknown {
    if (!isObject(given) || this.#own.has(given) || !this.#listener.follows(origin)) return given
    this.#own.add(given)
    const { label } = origin.export
    this.#listener.add({ origin, made: given, stack: null, className: label, levels: 0, clear: undefined })
    return given
  }

  #wrap(given: Callable, origin: Origin, namespace: unknown): object {
    const { kind } = origin.export
    const label = kind === 'class' ? classNameOf(given, origin.export.label) : origin.export.label
    const report = (made: unknown, callee: AnyFunction, className: string, levels = 0): void => {
      if (!isObject(made) || !this.#listener.follows(origin)) return
      // V8 takes its time for each frame.
      const stack = recordStack(callee, this.#parts.has(origin.library) ? FRAMES_MAX : 1 + levels)
      const { clear: nameOfClear } = origin.export
      const clear: unknown =
        nameOfClear !== undefined && isObject(namespace) ? Reflect.get(namespace, nameOfClear) : undefined
      this.#listener.add({ origin, made, stack, className, levels, clear })
    }
    const apply = (target: Callable, receiver: unknown, args: unknown[]): unknown => {
      const made = Reflect.apply(target, receiver, args)
      report(made, apply, label)
      return made
    }
    if (kind !== 'class') return new Proxy(given, { apply })
    const construct = (target: Callable, args: unknown[], newTarget: object): object => {
      const isSubclass = newTarget !== proxy && newTarget !== target
      const made = Reflect.construct(target, args, isSubclass ? (newTarget as Newable) : target) as object
      if (!isSubclass) report(made, construct, label)
      // A subclass that is wrapped itself reports its instances.
      else if (!this.#isBelowAnother(newTarget, given, proxy)) {
        report(made, construct, classNameOf(newTarget, label), levelsTo(newTarget, proxy))
      }
      return made
    }
    const proxy: Callable = new Proxy(given, { apply, construct })
    replaceConstructor(given, proxy)
    return proxy
  }

  #isBelowAnother(newTarget: object, given: object, proxy: object): boolean {
    let each: object | null = newTarget
    while (each !== null && each !== proxy && each !== given) {
      if (this.#own.has(each) || this.#wrapped.has(each)) return true
      each = Object.getPrototypeOf(each) as object | null
    }
    return false
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** `cache.constructor === LRUCache` also holds for importers of the wrapped class. */
function replaceConstructor(given: Callable, proxy: Callable): void {
  try {
    const prototype: unknown = Reflect.get(given, 'prototype')
    const own = isObject(prototype) ? Object.getOwnPropertyDescriptor(prototype, 'constructor') : undefined
    if (own?.configurable === true && own.value === given) {
      Object.defineProperty(prototype, 'constructor', { ...own, value: proxy })
    }
  } catch {
    // A prototype of its own kind stays as it is.
  }
}

function classNameOf(newTarget: object, label: string): string {
  const name: unknown = Reflect.get(newTarget, 'name')
  const bare = typeof name === 'string' ? name.replace(/^_+/, '') : ''
  return bare.length >= CLASS_NAME_LENGTH_MIN ? bare.slice(0, 50) : label
}

/** How many classes lie between the one that was made and the wrapped one. */
function levelsTo(newTarget: object, proxy: object): number {
  let levels = 0
  for (let each: object | null = newTarget; each !== null && each !== proxy && levels < 10; levels++) {
    each = Object.getPrototypeOf(each) as object | null
  }
  return levels
}

/** The object with another member: itself where it can be changed, else a copy with all that it has. */
function withMember(object: object, name: string, value: unknown): object {
  const own = Object.getOwnPropertyDescriptor(object, name)
  if (own === undefined || Reflect.get(object, name) === value) return object
  const { enumerable = true } = own
  const replaced: PropertyDescriptor = { value, enumerable, configurable: true, writable: true }
  if (own.configurable === true && Reflect.defineProperty(object, name, replaced)) return object
  if (own.writable === true && Reflect.set(object, name, value)) return object
  // A frozen function cannot be copied: the place it is called by stays the library's own.
  if (typeof object === 'function') return object
  const descriptors = { ...Object.getOwnPropertyDescriptors(object), [name]: replaced }
  return Object.create(Object.getPrototypeOf(object) as object | null, descriptors) as object
}
