/**
 * All of live memory by whose it is and what it is made of: the raw data for what each package costs.
 *
 * Rule: the parts add up. Over all parts, `heapBytes + memoryBytes + ownedBytes` is the live memory, and `ownedBytes` alone is
 * the sum of all owners' own bytes: a report that lists owners beside packages takes `heapBytes + memoryBytes`, one of
 * packages alone takes all three.
 */
import { PART_KINDS } from '../../allocator/heap-walk.js'
import type { HeapOwners, PartKind } from '../../allocator/heap-walk.js'
import type { PackageCost } from '../../report/discovery/types.js'
import { packageOf } from '../../support/package-of.js'
import { isOwnScript } from './own-script.js'

/** Whose a part is. */
type PartOwner =
  /** A package under node_modules, by name. */
  | { readonly of: 'package'; readonly package: string }
  /** Scripts in no package: the application's. */
  | { readonly of: 'application' }
  /** Node's own scripts. */
  | { readonly of: 'node' }
  /** This library's, which is there because somebody asks. */
  | { readonly of: 'library' }
  /** V8's: of no script, or held by several without a common holder that is of one. */
  | { readonly of: 'engine' }

/** Bytes of one kind that belong to one. */
export type LivePart = PartOwner & {
  readonly kind: PartKind
  readonly count: number
  /** In no owner's piece: on V8's heap. */
  readonly heapBytes: number
  /** The same outside of it: memory of Buffers, external strings. */
  readonly memoryBytes: number
  /** In owners' pieces, both together. */
  readonly ownedBytes: number
}

/** The parts of a walked heap, scripts of one package together, the largest first. Pure. */
export function livePartsOf({ parts }: Pick<HeapOwners, 'parts'>): LivePart[] {
  const joined = new Map<string, LivePart>()
  for (const { script, kind: place, count, heapBytes, memoryBytes, ownedBytes } of parts) {
    const owner = ownerOf(script)
    const kind = PART_KINDS[place] ?? 'tables'
    const key = `${owner.of} ${kind} ${owner.of === 'package' ? owner.package : ''}`
    const known = joined.get(key)
    joined.set(key, {
      ...owner,
      kind,
      count: count + (known?.count ?? 0),
      heapBytes: heapBytes + (known?.heapBytes ?? 0),
      memoryBytes: memoryBytes + (known?.memoryBytes ?? 0),
      ownedBytes: ownedBytes + (known?.ownedBytes ?? 0),
    })
  }
  return [...joined.values()].sort((a, b) => bytesOf(b) - bytesOf(a))
}

/** The same by package, with the kinds of each. Pure. */
export function packageCostsOf(parts: readonly LivePart[]): PackageCost[] {
  const costs = new Map<string, { -readonly [Key in keyof PackageCost]: PackageCost[Key] }>()
  for (const part of parts) {
    const name = part.of === 'package' ? part.package : null
    const key = JSON.stringify([part.of, name])
    const cost = costs.get(key) ?? { of: part.of, package: name, totalBytes: 0, ownedBytes: 0, kinds: [] }
    const totalBytes = bytesOf(part)
    cost.totalBytes += totalBytes
    cost.ownedBytes += part.ownedBytes
    // The parts come the largest first, one of each kind.
    if (totalBytes > 0) cost.kinds = [...cost.kinds, { kind: part.kind, totalBytes }]
    costs.set(key, cost)
  }
  return [...costs.values()].sort((a, b) => b.totalBytes - a.totalBytes)
}

function ownerOf(script: string): PartOwner {
  if (script === '') return { of: 'engine' }
  if (isOwnScript(script)) return { of: 'library' }
  const name = packageOf(script)
  if (name === null) return { of: 'application' }
  return name === 'node' ? { of: 'node' } : { of: 'package', package: name }
}

function bytesOf({ heapBytes, memoryBytes, ownedBytes }: LivePart): number {
  return heapBytes + memoryBytes + ownedBytes
}
