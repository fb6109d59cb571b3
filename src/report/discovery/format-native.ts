/** Native memory without a JavaScript owner, by whose it is, in words. Pure. */
import { formatBytes, printable } from '../../support/units.js'
import { namePackage } from './format-packages.js'
import type { Discovery, PackageCost } from './types.js'

/** Less is not worth a word. */
const LEAST_BYTES = 1024 * 1024
const PACKAGES_MOST = 3
const NAME_LENGTH_MAX = 60

/**
 * `: 48.83 MiB of better-sqlite3, 10.94 MiB of Buffers of other threads or of messages under way`, the largest first; empty where
 * native memory was not walked.
 */
export function whoseNative({ live, packages = [] }: Discovery): string {
  const native = live?.native
  if (live == null || native == null) return ''
  const ofAddons = packages.filter(({ of, nativeBytes }) => isAddon(of) && (nativeBytes ?? 0) >= LEAST_BYTES)
  const parts = [
    ...ofAddons
      .toSorted((a, b) => (b.nativeBytes ?? 0) - (a.nativeBytes ?? 0))
      .slice(0, PACKAGES_MOST)
      .map((cost) => ({ bytes: cost.nativeBytes ?? 0, name: `of ${printable(namePackage(cost), NAME_LENGTH_MAX)}` })),
    { bytes: native.otherBufferBytes, name: 'of Buffers of other threads or of messages under way' },
    ...(live.engineBytes == null
      ? []
      : [
          {
            bytes: native.nodeBytes - live.engineBytes,
            name: 'that only data of Node lead to, such as handles and messages',
          },
        ]),
  ]
  const words = parts
    .filter(({ bytes }) => bytes >= LEAST_BYTES)
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ bytes, name }) => `${formatBytes(bytes)} ${name}`)
  return words.length === 0 ? '' : `: ${words.join(', ')}`
}

function isAddon(of: PackageCost['of']): boolean {
  return of === 'package' || of === 'application' || of === 'library'
}
