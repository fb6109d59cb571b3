/**
 * How large a container might be, from a sample of its entries.
 *
 * Rule: an estimate only orders the suspects and is never shown: what is listed was measured. It looks at no more than
 * some dozen entries, so that it costs the same for a hundred entries and for a million.
 */
import { types } from 'node:util'
import { eachEntry, eachMember, entryCount, viewBytes } from './intrinsics.js'
import type { ContainerKind } from './intrinsics.js'
import { elementOf } from './object-reader.js'
import type { ObjectReader } from './object-reader.js'

const SAMPLE = 24
const KEYS_SAMPLE = 8
const DEPTH = 2
/** An object with fewer properties is a record and not a dictionary. */
const DICTIONARY_LEAST_KEYS = 16
const OBJECT_BYTES = 32
const SLOT_BYTES = 8
const MAP_ENTRY_BYTES = 28
const SET_ENTRY_BYTES = 20

/** About how many bytes would go with the entries; 0 for what is no hoard by its shape. */
export function estimateBytes(value: object, kind: ContainerKind, entries: number, reader: ObjectReader): number {
  if (entries === 0) return 0
  if (kind === 'object') return entries < DICTIONARY_LEAST_KEYS ? 0 : estimateDictionary(value, entries, reader)
  const sampled = { bytes: 0, count: 0 }
  const stride = Math.max(1, Math.floor(entries / SAMPLE))
  if (kind === 'Array') {
    const list = value as unknown[]
    for (let index = 0; index < entries; index += stride) weighInto(sampled, elementOf(list, index), reader)
    return entries * (SLOT_BYTES + sampled.bytes / sampled.count)
  }
  let at = 0
  if (kind === 'Map') {
    eachEntry(value, (held, key) => {
      if (at++ % stride === 0) {
        weighInto(sampled, held, reader)
        sampled.bytes += weigh(key, DEPTH, reader)
      }
    })
    return entries * (MAP_ENTRY_BYTES + sampled.bytes / sampled.count)
  }
  eachMember(value, (held) => {
    if (at++ % stride === 0) weighInto(sampled, held, reader)
  })
  return entries * (SET_ENTRY_BYTES + sampled.bytes / sampled.count)
}

/** An object full of functions is a module's exports or a table of handlers. */
function estimateDictionary(value: object, entries: number, reader: ObjectReader): number {
  const keys = Reflect.ownKeys(value)
  const stride = Math.max(1, Math.floor(keys.length / SAMPLE))
  const sampled = { bytes: 0, count: 0 }
  let unlikely = 0
  for (let index = 0; index < keys.length; index += stride) {
    const key = keys[index] ?? ''
    const held = reader.property(value, key)
    if (typeof held === 'function' || reader.isAccessor(value, key)) unlikely++
    weighInto(sampled, held, reader)
  }
  return unlikely * 2 > sampled.count ? 0 : entries * (3 * SLOT_BYTES + sampled.bytes / sampled.count)
}

function weighInto(sampled: { bytes: number; count: number }, value: unknown, reader: ObjectReader): void {
  sampled.bytes += weigh(value, DEPTH, reader)
  sampled.count++
}

/** Bytes of a value with what it holds, to a small depth. */
function weigh(value: unknown, depth: number, reader: ObjectReader): number {
  if (typeof value === 'string') return 16 + value.length
  if (typeof value === 'number') return Number.isInteger(value) ? 0 : 12
  if (typeof value !== 'object' || value === null) return 0
  if (ArrayBuffer.isView(value)) return 100 + viewBytes(value)
  if (types.isAnyArrayBuffer(value)) return 100
  return weighObject(value, depth, reader)
}

function weighObject(value: object, depth: number, reader: ObjectReader): number {
  const kind = reader.kindOf(value)
  if (kind === null) return OBJECT_BYTES
  if (kind === 'Map') return 2 * OBJECT_BYTES + entryCount(value, kind) * 2 * MAP_ENTRY_BYTES
  if (kind === 'Set') return 2 * OBJECT_BYTES + entryCount(value, kind) * 2 * SET_ENTRY_BYTES
  if (kind === 'Array') {
    const list = value as unknown[]
    let bytes = 0
    const looked = depth === 0 ? 0 : Math.min(KEYS_SAMPLE, list.length)
    for (let index = 0; index < looked; index++) bytes += weigh(elementOf(list, index), depth - 1, reader)
    return OBJECT_BYTES + list.length * (SLOT_BYTES + (looked === 0 ? 0 : bytes / looked))
  }
  const keys = Reflect.ownKeys(value)
  let bytes = 0
  const looked = depth === 0 ? 0 : Math.min(KEYS_SAMPLE, keys.length)
  for (let index = 0; index < looked; index++) {
    bytes += weigh(reader.property(value, keys[index] ?? ''), depth - 1, reader)
  }
  return OBJECT_BYTES + keys.length * (SLOT_BYTES + (looked === 0 ? 0 : bytes / looked))
}
