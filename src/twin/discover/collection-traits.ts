/**
 * Which objects are collections by their methods, and how many entries those have that keep them in their fields.
 *
 * Rule: no code of the service runs: methods are looked up and never called, and what cannot be read so is not known.
 */
import { isObject } from '../../support/is-object.js'
import type { CollectionTraits } from '../owners/join-fields.js'
import { NO_TRAITS } from '../owners/join-fields.js'
import { HeapInspector } from './inspector.js'
import { containerKind, entryCount, haveSameKeys } from './intrinsics.js'
import { ObjectReader } from './object-reader.js'

const READS = ['get', 'peek', 'fetch', 'has', 'find', 'lookup']
const WRITES = ['set', 'put', 'add', 'store', 'push', 'insert', 'save']
const REMOVES = [
  'delete',
  'del',
  'clear',
  'reset',
  'evict',
  'remove',
  'purge',
  'prune',
  'flush',
  'flushAll',
  'clearAll',
]
/** An object with more properties than anybody writes down is a dictionary. */
const FIELDS_MOST = 64
/** Methods of HTTP have the names of a collection's: a router has those besides. */
const OF_ROUTERS = ['post', 'patch']

/** In a twin. Where accessors cannot be told from data, nothing is a collection. */
export function collectionTraits(): CollectionTraits {
  try {
    const reader = new ObjectReader()
    return {
      isCollection: (object, hasPrivate) => isCollection(object, hasPrivate, reader),
      entriesOf: (object) => entriesOf(object, reader),
    }
  } catch {
    return NO_TRAITS
  }
}

function isCollection(object: object, hasPrivate: boolean, reader: ObjectReader): boolean {
  const hasOne = (names: readonly string[]): boolean =>
    names.some((name) => typeof reader.inheritedProperty(object, name) === 'function')
  try {
    if (hasPrivate) return hasOne(READS) || hasOne(WRITES)
    return hasOne(READS) && hasOne(WRITES) && hasOne(REMOVES) && !hasOne(OF_ROUTERS)
  } catch {
    return false
  }
}

/** Its own as a Map or Set; else those of its Maps, each entry once; else of its `size`; else of its largest collection. */
function entriesOf(object: object, reader: ObjectReader): number | null {
  try {
    // A subclass of Map may keep its entries elsewhere.
    if (!isPlain(object) && countOf(object) > 0) return countOf(object)
    const members = membersOf(object, reader)
    const maps = [...members, ...members.filter(isPlain).flatMap((member) => membersOf(member, reader))]
      .filter((member) => containerKind(member) === 'Map')
      .sort((a, b) => countOf(b) - countOf(a))
    const distinct = maps.filter((member, place) => !maps.slice(0, place).some((other) => haveSameKeys(member, other)))
    if (distinct.length > 0) return distinct.reduce((sum, member) => sum + countOf(member), 0)
    const size = reader.property(object, 'size')
    if (typeof size === 'number' && Number.isInteger(size) && size >= 0) return size
    const counts = members.map(countOf).filter((count, place) => count > FIELDS_MOST || !isPlain(members[place]))
    return counts.length === 0 ? null : Math.max(...counts)
  } catch {
    return null
  }
}

function membersOf(object: object, reader: ObjectReader): object[] {
  const inspector = new HeapInspector()
  try {
    const members = inspector.privateFields(object).map(([, value]) => value)
    reader.eachProperty(object, (value) => {
      if (isObject(value)) members.push(value)
    })
    return members.filter((value) => typeof value !== 'function')
  } finally {
    inspector.close()
  }
}

function isPlain(object: object | undefined): boolean {
  return object !== undefined && containerKind(object) === 'object'
}

function countOf(object: object): number {
  const kind = containerKind(object)
  return kind === null ? 0 : entryCount(object, kind)
}
