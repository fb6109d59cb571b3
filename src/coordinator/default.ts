/**
 * The one coordinator that a process shares: modules register with it without handing it to each other, whichever copy of this
 * package each of them loaded, by import or by require().
 *
 * Rule: copies share it only where they understand each other. A copy of another interface gets a coordinator of its own, and
 * says so once.
 */

/** Raised when what copies use of each other's coordinators changes: `register()` and what it takes. */
const INTERFACE = 1

const KEY = Symbol.for('cache-attribution.default')

/** The value under {@link KEY}. Every version keeps these two members. */
interface Shared {
  readonly interface: number
  readonly coordinator: unknown
}

/** Where `auto` waits for the coordinator with the caches that it found. */
const AUTO = Symbol.for('cache-attribution.auto')

/** The value under the key of `auto`. Every version keeps these two members. */
export interface WaitingAuto {
  readonly interface: number
  /** Registers the caches that were found, and those that will be. */
  attach(coordinator: object): void
  /** Registers the caches that were created until now. Earlier versions have none. */
  settle?(): void
}

type Holder = Record<symbol, unknown>

let own: object | undefined
let isDifferent = false

/** The shared coordinator. `make` creates it if there is none; `warn` is called if it cannot be shared. */
export function sharedCoordinator<T extends object>(make: () => T, warn: (message: string) => void): T {
  const holder = globalThis as Holder
  const shared = holder[KEY] as Shared | undefined
  if (shared !== undefined && shared.interface !== INTERFACE) {
    if (!isDifferent) {
      isDifferent = true
      warn(
        `another copy of cache-attribution has made the default coordinator, and its interface is ${String(shared.interface)}, not ${String(INTERFACE)}: caches that this copy registers are in a coordinator of their own`,
      )
    }
    return (own ??= attached(make())) as T
  }
  if (shared !== undefined) return shared.coordinator as T
  const coordinator = make()
  const value: Shared = { interface: INTERFACE, coordinator }
  Object.defineProperty(holder, KEY, { value, configurable: true, enumerable: false })
  return attached(coordinator)
}

/** Forgets a coordinator that was closed: the next who asks gets a new one. */
export function forgetShared(coordinator: object): void {
  if (own === coordinator) own = undefined
  const holder = globalThis as Holder
  if ((holder[KEY] as Shared | undefined)?.coordinator === coordinator) Reflect.deleteProperty(holder, KEY)
}

/** Offers itself to the default coordinator: to the one that there is, and to each that is made later. */
export function waitForShared(auto: Required<Omit<WaitingAuto, 'interface'>>): void {
  const value: WaitingAuto = { interface: INTERFACE, ...auto }
  const holder = globalThis as Holder
  Object.defineProperty(holder, AUTO, { value, configurable: true, enumerable: false })
  const shared = holder[KEY] as Shared | undefined
  if (shared?.interface === INTERFACE) auto.attach(shared.coordinator as object)
}

/** Has `auto` register what it has found and not looked into yet: somebody asks for the caches. */
export function settleFound(): void {
  const auto = (globalThis as Holder)[AUTO] as WaitingAuto | undefined
  if (auto?.interface === INTERFACE) auto.settle?.()
}

function attached<T extends object>(coordinator: T): T {
  const auto = (globalThis as Holder)[AUTO] as WaitingAuto | undefined
  if (auto?.interface === INTERFACE) auto.attach(coordinator)
  return coordinator
}
