/** Native memory by whose it is: what the walk of it found, put beside what an empty process of this Node has. Pure. */
import path from 'node:path'
import type { RawNative } from '../../allocator/heap-walk.js'
import type { NativeMemory, PackageCost } from '../../report/discovery/types.js'
import { packageOf } from '../../support/package-of.js'
import type { EngineNative } from '../empty-node.js'

/** Null where it was not walked. */
export function nativeMemoryOf(native: RawNative | null): NativeMemory | null {
  if (native === null) return null
  const { javascriptBytes, otherBufferBytes, nodeBytes, libraryBytes, addons } = native
  const addonBytes = addons.reduce((sum, { bytes }) => sum + bytes, libraryBytes)
  return {
    javascriptBytes: Math.round(javascriptBytes),
    otherBufferBytes: Math.round(otherBufferBytes),
    nodeBytes: Math.round(nodeBytes),
    addonBytes: Math.round(addonBytes),
  }
}

/**
 * Packages with their native memory. Where it was walked Node has what its data lead to, less V8's bookkeeping, which only the
 * empty process tells apart; else both have what that process shows.
 */
export function withNative(
  packages: readonly PackageCost[],
  native: RawNative | null,
  empty: EngineNative | null,
): PackageCost[] {
  if (native === null) {
    return packages.map((cost) =>
      cost.of === 'node' || cost.of === 'engine' ? { ...cost, nativeBytes: empty?.[cost.of] ?? null } : cost,
    )
  }
  const engine = Math.min(empty?.engine ?? 0, native.nodeBytes)
  const bytes = new Map<string, number>([
    [keyOf({ of: 'node', package: null }), native.nodeBytes - engine],
    [keyOf({ of: 'engine', package: null }), engine],
    [keyOf({ of: 'library', package: null }), native.libraryBytes],
  ])
  const added = new Map<string, Whose>()
  for (const addon of native.addons) {
    const whose = whoseIs(addon.file)
    const key = keyOf(whose)
    added.set(key, whose)
    bytes.set(key, (bytes.get(key) ?? 0) + addon.bytes)
  }
  const known = packages.map((cost) => {
    const key = keyOf(cost)
    added.delete(key)
    const nativeBytes = bytes.get(key)
    return nativeBytes === undefined ? cost : { ...cost, nativeBytes: Math.round(nativeBytes) }
  })
  const others = [...added].map(([key, whose]): PackageCost => {
    const nativeBytes = Math.round(bytes.get(key) ?? 0)
    return { ...whose, totalBytes: 0, ownedBytes: 0, nativeBytes, kinds: [] }
  })
  return [...known, ...others].sort((a, b) => wholeOf(b) - wholeOf(a))
}

const SHARED_LIBRARY = /\.so(?:\.|$)/

type Whose = Pick<PackageCost, 'of' | 'package'>

function keyOf({ of, package: name }: Whose): string {
  return JSON.stringify([of, name])
}

/** An addon outside of node_modules is the application's; a library that one brought has its own name. */
function whoseIs(file: string): Whose {
  const name = packageOf(path.normalize(file))
  if (name !== null) return { of: 'package', package: name }
  return SHARED_LIBRARY.test(file)
    ? { of: 'package', package: path.basename(file) }
    : { of: 'application', package: null }
}

function wholeOf({ totalBytes, nativeBytes = null }: PackageCost): number {
  return totalBytes + (nativeBytes ?? 0)
}
