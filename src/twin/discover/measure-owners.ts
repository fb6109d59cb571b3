/**
 * Empties the listed owners one after the other and measures what comes back, beside what the graph of the heap says.
 *
 * Rule: those that lie in others come first, so that what comes back of an outer one is without them; a row has both. What one
 * owner throws costs its own row only.
 */
import { QUANTITIES, byQuantity, plus } from '../../measure/figures.js'
import type { Figures } from '../../measure/figures.js'
import { disagreementOf } from '../../report/discovery/disagreement.js'
import type { MeasuredNoise, Owner } from '../../report/discovery/types.js'
import { returnedOf } from '../../report/returned.js'
import { hypotenuse, withTotal } from '../../report/whole.js'
import type { GraphOwner } from '../owners/owners-of.js'
import { emptyOwner } from './empty-owner.js'

/** The change of one window. */
export interface OwnerWindow {
  readonly change: Figures
  /** Whether resident memory was read: what is smaller than V8's pages returns nothing that could be told. */
  readonly readsPages: boolean
  /** By how much it fell; null where unknown, 0 where it was not read. */
  readonly residentFall: number | null
}

/** How they are emptied. */
export interface OwnerEmptying {
  /** One settled window around `empty`, after which so many bytes are gone by the graph. */
  readonly window: (empty: () => void, bytes: number) => OwnerWindow
  /** Whether there is time for one more window; asked before each. */
  readonly hasTime: () => boolean
  /** Whether the heap was walked: then fields of objects can be written over. */
  readonly knowsFields: boolean
}

/** What null releases showed. */
export interface OwnerNoise {
  readonly noise: MeasuredNoise
  readonly residentControls: readonly number[]
}

/** Empties each owner in a window of its own, by its place. The lists of objects are emptied, too. */
export function emptyOwners(owners: readonly GraphOwner[], measure: OwnerEmptying): ReadonlyMap<number, OwnerWindow> {
  const windows = new Map<number, OwnerWindow>()
  const places = owners.map((_, place) => place).toSorted((a, b) => depthOf(b, owners) - depthOf(a, owners))
  for (const place of places) {
    const { objects = [] } = owners[place] ?? {}
    if (objects.length === 0 || !measure.hasTime()) continue
    const emptied: boolean[] = []
    const found = measure.window(() => {
      emptied.push(emptyAll(objects, measure.knowsFields))
    }, owners[place]?.row.own.totalBytes ?? 0)
    if (emptied.every(Boolean)) windows.set(place, found)
  }
  return windows
}

/** The rows, with what emptying showed. Pure. */
export function measuredOwners(
  owners: readonly GraphOwner[],
  windows: ReadonlyMap<number, OwnerWindow>,
  measure: OwnerNoise,
): Owner[] {
  return owners.map(({ row }, place) => {
    const found = withParts(place, owners, windows)
    return found === null ? row : { ...row, ...measured(row, found, measure) }
  })
}

function emptyAll(objects: object[], knowsFields: boolean): boolean {
  let all = true
  for (let object = objects.pop(); object !== undefined; object = objects.pop()) {
    try {
      all = emptyOwner(object, knowsFields) && all
    } catch {
      all = false
    }
  }
  return all
}

/** With the listed owners in it, as far as the graph counts them to it; null where one of them was not emptied. */
function withParts(
  place: number,
  owners: readonly GraphOwner[],
  windows: ReadonlyMap<number, OwnerWindow>,
): OwnerWindow | null {
  const own = windows.get(place)
  if (own === undefined) return null
  let { change, readsPages, residentFall } = own
  for (const [part, { row }] of owners.entries()) {
    if (row.partOf !== place) continue
    // One that was not emptied itself went with this one.
    const inner = withParts(part, owners, windows)
    if (inner === null) continue
    change = plus(change, inner.change)
    readsPages ||= inner.readsPages
    residentFall = residentFall === null || inner.residentFall === null ? null : residentFall + inner.residentFall
  }
  return { change, readsPages, residentFall }
}

function measured(row: Owner, { change, readsPages, residentFall }: OwnerWindow, measure: OwnerNoise): Partial<Owner> {
  const { noise, residentControls } = measure
  const released = withTotal(byQuantity((quantity) => change[quantity]))
  const uncertaintyBytes = hypotenuse(noise, released)
  const isSeen = QUANTITIES.some((quantity) => Math.abs(change[quantity] ?? 0) > (noise[quantity] ?? Infinity))
  return {
    released,
    uncertaintyBytes,
    returned: readsPages ? returnedOf({ falls: [residentFall], controls: residentControls }) : null,
    // A registered cache was released before: what was left of it is what came back.
    disagreement: row.cache !== null && !isSeen ? null : disagreementOf(released, row.retained, uncertaintyBytes),
  }
}

function depthOf(place: number, owners: readonly GraphOwner[]): number {
  let depth = 0
  for (let at = owners[place]?.row.partOf ?? null; at !== null && depth < owners.length; depth++) {
    at = owners[at]?.row.partOf ?? null
  }
  return depth
}
