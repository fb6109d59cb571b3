/** Items that wait in this process, by the walk of its heap: a view of its own beside the owners. Pure. */
import { ITEM_KINDS } from '../../allocator/heap-walk.js'
import type { HeapOwners, ItemKind, RawItems } from '../../allocator/heap-walk.js'
import type { InFlight, InFlightKind } from '../../report/discovery/types.js'
import { isOwnScript } from './own-script.js'

/**
 * The largest of each kind, at most `limit`; this library's own are left out, and what Node awaits by itself where nothing
 * of the service hangs on it.
 */
export function inFlightOf({ items }: Pick<HeapOwners, 'items'>, limit: number): InFlight[] {
  const listed = new Map<InFlightKind, number>()
  return items
    .filter(({ siteScript }) => !isOwnScript(siteScript))
    .flatMap((raw) => rowOf(raw) ?? [])
    .sort((a, b) => b.retainedBytes - a.retainedBytes)
    .filter(({ kind }) => {
      const place = listed.get(kind) ?? 0
      listed.set(kind, place + 1)
      return place < limit
    })
}

function rowOf(raw: RawItems): InFlight | null {
  const kind = ITEM_KINDS[raw.item] ?? 'none'
  if (!isInFlight(kind)) return null
  const { className, siteName, siteScript, siteLine, count, retainedBytes, bufferedBytes } = raw
  return {
    kind,
    className,
    site:
      siteScript === ''
        ? null
        : {
            function: siteName === '' ? null : siteName,
            script: siteScript,
            line: siteLine === 0 ? null : siteLine,
            count,
          },
    count,
    retainedBytes,
    bufferedBytes: bufferedBytes < 0 ? null : bufferedBytes,
  }
}

function isInFlight(kind: ItemKind): kind is InFlightKind {
  return kind !== 'none' && kind !== 'modules'
}
