/** How the floor is spoken of. Pure. */
import { formatBytes, formatCount } from '../support/units.js'
import type { AttributionReport } from './types.js'

/**
 * Who holds the floor: no cache, as far as every cache was measured and none claims memory that its release does not reach.
 *
 * @returns e.g. `held by no measured cache; 1 skipped; of it 31.20 MiB are reported by what is registered`
 */
export function heldByNone({ caches }: Pick<AttributionReport, 'caches'>): string {
  const count = (wanted: string): number => caches.filter(({ status }) => status === wanted).length
  const unmeasured = [
    [count('skipped'), 'skipped'],
    [count('failed'), 'failed'],
    [count('timed-out'), 'timed out'],
  ] as const
  const without = unmeasured.flatMap(([number, word]) => (number === 0 ? [] : [`${formatCount(number)} ${word}`]))
  const toldBytes = caches.reduce((sum, { told }) => sum + (told?.bytes ?? 0), 0)
  return [
    without.length === 0 ? 'held by no cache' : `held by no measured cache; ${without.join(', ')}`,
    ...(toldBytes === 0 ? [] : [`of it ${formatBytes(toldBytes)} are reported by what is registered`]),
  ].join('; ')
}
