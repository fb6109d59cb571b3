/**
 * Empties what owns memory, in a twin: entries, elements, and its own references, private ones too.
 *
 * Rule: nothing of the service runs for it: no method, getter, setter or trap. Afterwards the object is no use to anybody.
 */
import { addonOrNull } from '../../allocator/binding.js'
import { containerKind, emptyContainer } from './intrinsics.js'

/**
 * Whether all of it went; false of what is frozen or sealed, or cannot be looked into.
 *
 * @param knowsFields whether the heap was walked before: else only entries, elements and plain properties go
 */
export function emptyOwner(object: object, knowsFields = true): boolean {
  const kind = containerKind(object)
  if (kind === null) return false
  if (!knowsFields) return emptyContainer(object, kind) === 0
  const dropped = addonOrNull()?.twin?.dropFields(object) ?? -1
  if (dropped < 0) return false
  // Properties in fields are gone; numbered ones, and those of a dictionary, are entries.
  if (kind === 'object' && dropped > 0 && !hasEntries(object)) return true
  return emptyContainer(object, kind) === 0
}

function hasEntries(object: object): boolean {
  return Reflect.ownKeys(object).some((key) => typeof key === 'string' && /^\d/.test(key))
}
