/**
 * Memory that several hold together: rows of what the addon found. Pure.
 *
 * Rule: a holder without a name explains nothing, and what Node's own share in any process is nobody's finding.
 */
import type { HeapOwners, RawOwner, RawShared } from '../../allocator/heap-walk.js'
import { packageOf } from '../../support/package-of.js'
import type { SharedMemory } from '../../report/discovery/types.js'
import { withoutQuery } from './group-owners.js'
import { isOwnScript } from './own-script.js'

type Holder = SharedMemory['holders'][number]

/**
 * The largest, at most `limit`; `placeOf` gives the row of a listed owner, `wholes` the paths of the fields that are one with it: what
 * those share is no finding.
 */
export function sharedMemoryOf(
  { owners, shared }: Pick<HeapOwners, 'owners' | 'shared'>,
  placeOf: ReadonlyMap<RawOwner, number>,
  limit: number,
  wholes: ReadonlyMap<number, ReadonlySet<string>> = new Map(),
): SharedMemory[] {
  const joined = new Map<string, SharedMemory>()
  for (const raw of shared) {
    const holders = holdersOf(raw)
    if (holders.length === 0) continue
    const owner = owners[raw.owner]
    const countedWith = (owner === undefined ? undefined : placeOf.get(owner)) ?? null
    const fields = countedWith === null ? undefined : wholes.get(countedWith)
    if (fields?.has(raw.firstPath) === true && fields.has(raw.secondPath)) continue
    const key = JSON.stringify([countedWith, holders])
    const known = joined.get(key)
    joined.set(key, {
      countedWith,
      holders,
      count: raw.count + (known?.count ?? 0),
      totalBytes: raw.bytes + (known?.totalBytes ?? 0),
    })
  }
  return [...joined.values()].sort((a, b) => b.totalBytes - a.totalBytes).slice(0, limit)
}

function holdersOf({ firstPath, firstScript, secondPath, secondScript }: RawShared): Holder[] {
  const named = [
    { path: firstPath, script: firstScript },
    { path: secondPath, script: secondScript },
  ].filter(({ path, script }) => path !== '' && !isOwnScript(script))
  if (!named.some(({ script }) => script !== '' && packageOf(script) !== 'node')) return []
  return named.map(({ path, script }) => ({ path, script: script === '' ? null : withoutQuery(script) }))
}
