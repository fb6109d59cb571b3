/**
 * The parts of a coordinator that a release under pressure uses, found by the coordinator: they are no part of its interface.
 *
 * They are kept under a symbol of the process, so that a coordinator of another copy of this package is known, too.
 */
import type { Allocator } from '../../allocator/port.js'
import type { Environment } from '../../support/environment.js'
import type { RegisteredCache } from '../registry.js'
import type { PressureRound } from './types.js'

/** Wraps the call of a release, so that it cannot ask for a run. */
export type DuringRelease = (release: () => unknown) => unknown

/** See above. */
export interface PressureParts {
  readonly environment: Environment
  readonly allocator: Allocator
  readonly releaseTimeoutMs: number
  caches(): readonly RegisteredCache[]
  isRegistered(cache: RegisteredCache): boolean
  /** The size of a cache by its entries now; null before a run measured it. */
  estimate(name: string, entries: number | null, claimedBytes: number | null): number | null
  /** Runs a task while no run of the process is under way; null where one is. Runs that are asked for meanwhile wait. */
  alone<T>(task: (duringRelease: DuringRelease) => Promise<T>): Promise<T> | null
  /** The next report says so. */
  noteReleased(names: readonly string[], at: string): void
  emit(round: PressureRound): void
  /** The watch of this coordinator; `close()` stops it. */
  watch: { stop(): void } | null
}

const PARTS = Symbol.for('cache-attribution.pressure')

interface Known {
  readonly parts: WeakMap<object, PressureParts>
  /** Coordinators that are open. */
  open: number
}

type Holder = Record<symbol, Known | undefined>

const holder = globalThis as unknown as Holder

/** Keeps the parts for as long as the coordinator lives. */
export function notePressureParts(coordinator: object, parts: PressureParts): void {
  const known = holder[PARTS] ?? made()
  known.parts.set(coordinator, parts)
  known.open++
}

/** A coordinator that was closed has none. The last one leaves no symbol: an agent has the process as it was. */
export function dropPressureParts(coordinator: object): void {
  const known = holder[PARTS]
  if (known?.parts.delete(coordinator) === true && --known.open === 0) Reflect.deleteProperty(holder, PARTS)
}

/** Null of what is no open coordinator. */
export function pressureParts(coordinator: unknown): PressureParts | null {
  return typeof coordinator === 'object' && coordinator !== null
    ? (holder[PARTS]?.parts.get(coordinator) ?? null)
    : null
}

function made(): Known {
  const known = { parts: new WeakMap<object, PressureParts>(), open: 0 }
  Object.defineProperty(holder, PARTS, { value: known, configurable: true, enumerable: false })
  return known
}
