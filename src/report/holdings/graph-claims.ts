/**
 * Claims of the graph of the heap on live memory, which add up to it: owners with what lies in them, code and small data
 * by package, and Node's own native memory.
 *
 * Rule: no byte is claimed twice. A cache that has a row is not claimed by the graph again, unless it was empty when the heap was
 * walked.
 */
import { describeOwner } from '../discovery/format-discovery.js'
import { namePackage } from '../discovery/format-packages.js'
import { adviceForOwner } from '../discovery/owner-advice.js'
import { ownerIdentity, ownerKey } from '../discovery/owner-identity.js'
import type { Discovery, LiveMemory, Owner, PackageCost } from '../discovery/types.js'
import type { NamedBytes } from '../breakdown/types.js'
import type { Holding } from './types.js'
import { emptyHolding } from './tree-parts.js'

/** The row of owners that are too small for rows of their own. */
export const REST_KEY = 'owner:rest'

/** Rows with the bytes that the graph tells; nothing where the heap was not walked. */
export function graphClaims(
  { owners, live, packages = [], others }: Discovery,
  measured: ReadonlySet<string>,
  isAfterRelease: boolean,
): Holding[] {
  if (live === null) return []
  const groups = outermost(owners)
  const claims = groups.flatMap(({ owner, within, bytes }) => {
    const isMeasured = owner.cache !== null && measured.has(owner.cache)
    return isMeasured && !isAfterRelease ? [] : [ownerClaim(owner, within, bytes, isMeasured)]
  })
  const owned = groups.reduce((sum, { bytes }) => sum + bytes, 0) + others.totalBytes
  const byPackage = packages.map(packageClaim)
  return [...claims, ...byPackage.filter(({ bytes }) => bytes > 0), ...restClaim(live, owned, packages, others)]
}

interface Group {
  readonly owner: Owner
  /** Those that lie in it. */
  readonly within: readonly Owner[]
  readonly bytes: number
}

/** Owners that lie in no other, each with those that lie in it. */
function outermost(owners: readonly Owner[]): Group[] {
  const roots = new Map<Owner, Owner[]>()
  for (const owner of owners) {
    const root = rootOf(owner, owners)
    const within = roots.get(root) ?? []
    if (owner !== root) within.push(owner)
    roots.set(root, within)
  }
  return [...roots].map(([owner, within]) => ({
    owner,
    within,
    bytes: [owner, ...within].reduce((sum, { own }) => sum + own.totalBytes, 0),
  }))
}

/** A list that came over the wire may point in a circle. */
function rootOf(owner: Owner, owners: readonly Owner[]): Owner {
  let root = owner
  for (let steps = 0; root.partOf !== null && steps < owners.length; steps++)
    root = owners[root.partOf] ?? { ...root, partOf: null }
  return owners.includes(root) && root.partOf === null ? root : owner
}

function ownerClaim(owner: Owner, within: readonly Owner[], bytes: number, isLeftover: boolean): Holding {
  const identity = ownerIdentity(owner)
  const { cache } = owner
  const isCache = cache !== null && !isLeftover
  const name =
    isLeftover && cache !== null ? `kept by ${JSON.stringify(cache)} when it is released` : describeOwner(owner)
  return {
    ...emptyHolding(
      isCache ? `cache:${cache}` : `owner:${identity === null ? name : ownerKey(identity)}`,
      isCache ? 'cache' : 'owner',
      isCache ? cache : name,
      bytes,
    ),
    owner,
    returned: owner.returned,
    parts: [
      { name: 'JS heap', bytes: owner.own.heapBytes },
      { name: 'buffers and strings outside of it', bytes: owner.own.memoryBytes },
      ...within.map((inner): NamedBytes => ({ name: describeOwner(inner), bytes: inner.own.totalBytes })),
    ].filter((part) => part.bytes > 0),
    advice: adviceOf(owner, isLeftover),
  }
}

function adviceOf(owner: Owner, isLeftover: boolean): string {
  if (isLeftover)
    return 'Its release leaves this memory: a table that keeps its size, or values that something else holds as well.'
  const ofNode =
    owner.package === 'node'
      ? 'Node itself keeps it.'
      : 'Find the code that adds to it, and the code that removes from it.'
  return adviceForOwner(owner) ?? ofNode
}

/** Its code and what is small, without the owners' pieces; and the native memory of Node and of V8. */
function packageClaim(cost: PackageCost): Holding {
  const { of, package: name, totalBytes, ownedBytes, nativeBytes = null, kinds } = cost
  const bytes = Math.max(0, totalBytes - ownedBytes) + (nativeBytes ?? 0)
  const isEngine = of === 'node' || of === 'engine'
  return {
    ...emptyHolding(
      `package:${of}:${name ?? ''}`,
      isEngine ? 'engine' : 'package',
      `${namePackage(cost)}: code${nativeBytes === null ? '' : ', native memory'} and small data`,
      bytes,
    ),
    package: cost,
    parts: [
      ...kinds.map(({ kind, totalBytes: part }): NamedBytes => ({ name: kind, bytes: part })),
      ...(nativeBytes === null ? [] : [{ name: 'native memory', bytes: nativeBytes }]),
    ].toSorted((a, b) => b.bytes - a.bytes),
    advice: ADVICE_OF_PACKAGE[of],
  }
}

const ADVICE_OF_PACKAGE: Readonly<Record<PackageCost['of'], string>> = {
  application: 'Compiled scripts of the application, and their data in small pieces.',
  package: 'Loaded code, and its data in small pieces. It is saved only if the package is not loaded.',
  node: 'Every process of this version of Node has it.',
  library: 'The memory of this library itself.',
  engine: 'Held by no script: shapes, strings and code that scripts share.',
}

/** The bytes that the graph reaches and neither lists nor assigns: all rows together are what it reaches. */
function restClaim(
  { totalBytes }: LiveMemory,
  ownedBytes: number,
  packages: readonly PackageCost[],
  others: Discovery['others'],
): Holding[] {
  const ofPackages = packages.reduce((sum, cost) => sum + Math.max(0, cost.totalBytes - cost.ownedBytes), 0)
  const small = Math.max(0, totalBytes - ownedBytes - ofPackages)
  const bytes = small + others.totalBytes
  if (bytes <= 0) return []
  return [
    {
      ...emptyHolding(REST_KEY, 'owner', 'smaller owners, and data in small pieces', bytes),
      parts: [
        { name: 'owners beyond the list', bytes: others.totalBytes },
        { name: 'pieces too small for an owner', bytes: small },
      ].filter((part) => part.bytes > 0),
      advice: 'Each is small. A larger limit of the discovery lists more of them.',
    },
  ]
}
