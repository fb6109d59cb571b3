/** The kind of owner that a row is, and the function that names it. Pure. */
import { ITEM_KINDS } from '../../allocator/heap-walk.js'
import type { ItemKind, RawOwner } from '../../allocator/heap-walk.js'
import type { OwnerKind, OwnerSite } from '../../report/discovery/types.js'
import { packageOf } from '../../support/package-of.js'
import { withoutQuery } from './group-owners.js'
import type { OwnerGroup } from './group-owners.js'

/** The script that its path begins in, else that which it is of. */
export function scriptOf({ script, label }: RawOwner): string {
  return script === '' ? label : script
}

/** Kinds of items that may be owners. */
function isWaiting(kind: ItemKind): kind is ItemKind & OwnerKind {
  return kind !== 'none' && kind !== 'promises' && kind !== 'streams'
}

/** An emitter keeps its listeners under the event: one function, or an array of them. */
const OF_EMITTER = /\._events\.[^.[]+$/
/** An EventTarget, as AbortSignals are, keeps a list of them. */
const OF_TARGET = /\.Symbol\(kEvents\)\.[^.[]+(?:\.next)?$/

/** The subject of a row. */
export function kindOf({ first: { item, className, entries, path }, fields }: OwnerGroup): OwnerKind {
  if (fields !== undefined) return 'collection'
  const waits = ITEM_KINDS[item] ?? 'none'
  if (isWaiting(waits)) return waits
  if (OF_EMITTER.test(path) && (className === 'Array' || className === '(closure)')) return 'listeners'
  if (OF_TARGET.test(path)) return 'listeners'
  if (entries >= 0) return 'collection'
  if (className === '(closure)') return 'function'
  return className === 'system / Context' ? 'variables' : 'object'
}

/** Kinds that are named by where their functions stand. */
const NAMED_BY_SITE: ReadonlySet<OwnerKind> = new Set(['listeners', 'timers', 'immediates', 'calls', 'generators'])

/**
 * The function of most members, where there is one. A function of Node's in what the application holds (a stream has some) says
 * nothing of it.
 */
export function siteOf(members: readonly RawOwner[], kind: OwnerKind, script: string): OwnerSite | null {
  const mayBeNodes = NAMED_BY_SITE.has(kind) || packageOf(script) === 'node'
  const sites = new Map<string, OwnerSite>()
  for (const { siteName, siteScript, siteLine, functions, instances } of members) {
    if (siteScript === '' || (!mayBeNodes && packageOf(siteScript) === 'node')) continue
    const key = `${siteScript} ${String(siteLine)} ${siteName}`
    const count = functions === 0 ? instances : functions
    const known = sites.get(key)?.count ?? 0
    sites.set(key, {
      function: siteName === '' ? null : siteName,
      script: withoutQuery(siteScript),
      line: siteLine === 0 ? null : siteLine,
      count: known + count,
    })
  }
  return [...sites.values()].sort((a, b) => b.count - a.count)[0] ?? null
}
