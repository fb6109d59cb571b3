/**
 * The census: every live object is looked at once, and the containers that might be large are kept.
 *
 * Rule: one pass, and no memory of what was seen but the suspects themselves: a heap of millions of objects must not
 * double for being counted.
 */
import { types } from 'node:util'
import { estimateBytes } from './estimate.js'
import { entryCount } from './intrinsics.js'
import type { ContainerKind } from './intrinsics.js'
import type { ObjectReader } from './object-reader.js'
import { eachChild } from './walk.js'

/** A container that may be a hoard. */
export interface Suspect {
  readonly value: object
  readonly kind: ContainerKind
  readonly entries: number
  readonly estimatedBytes: number
}

/** What the census found. */
export interface Census {
  /** The largest first, by estimate. */
  readonly suspects: readonly Suspect[]
  readonly collections: number
  /** Objects that threw at a look. */
  readonly unreadable: number
}

/** More suspects than this are not kept: names are sought for all of them. */
const SUSPECTS_MAX = 500

/** What the census is told. */
export interface CensusSettings {
  readonly leastBytes: number
  readonly reader: ObjectReader
  /** Says of an object that it belongs to the examination itself, or to Node. */
  readonly isOwn: (value: object) => boolean
  /** Objects that variables hold: those without a prototype may have no other holder. */
  readonly heldByVariables: Iterable<object>
}

/**
 * Looks at `objects`. Objects without a prototype are not among what the inspector lists: they are found by who holds
 * them and appended to `objects`, so that later passes see them too.
 */
export function takeCensus(objects: object[], { leastBytes, reader, isOwn, heldByVariables }: CensusSettings): Census {
  const bare = new Set<object>()
  let suspects: Suspect[] = []
  let collections = 0
  let unreadable = 0
  const noteBare = (child: object): void => {
    if (isBare(child) && !bare.has(child)) {
      bare.add(child)
      reader.vet([child])
      objects.push(child)
    }
  }
  for (const value of heldByVariables) noteBare(value)
  // The list grows while it is walked, and the walk goes on to its end.
  for (const value of objects) {
    try {
      const kind = reader.kindOf(value)
      if (kind === null) continue
      eachChild(value, kind, reader, noteBare)
      if (typeof value === 'function') continue
      const entries = entryCount(value, kind)
      const estimatedBytes = estimateBytes(value, kind, entries, reader)
      if (estimatedBytes > 0) collections++
      if (estimatedBytes < leastBytes || isOwn(value)) continue
      suspects.push({ value, kind, entries, estimatedBytes })
      if (suspects.length >= 4 * SUSPECTS_MAX) suspects = largest(suspects)
    } catch {
      unreadable++
    }
  }
  return { suspects: largest(suspects), collections, unreadable }
}

function largest(suspects: readonly Suspect[]): Suspect[] {
  return suspects.toSorted((a, b) => b.estimatedBytes - a.estimatedBytes).slice(0, SUSPECTS_MAX)
}

/** An object without a prototype, as dictionaries often are; the namespace of a module is none. */
function isBare(value: object): boolean {
  return (
    typeof value === 'object' &&
    !types.isProxy(value) &&
    Reflect.getPrototypeOf(value) === null &&
    !types.isModuleNamespaceObject(value)
  )
}
