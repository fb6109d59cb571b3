/**
 * Reads profiles of whatever kind: jemalloc's text, or profile.proto as `toPprof()`, a service's `/debug/pprof/heap` or a heap
 * profile of Go writes it, packed or not.
 *
 * Rule: the same model for all, so that every output and the difference work on either; text is never taken for protobuf.
 */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { inSlices } from '../../support/slices.js'
import { resolveParseOptions, parseHeapProfile } from './parse-heap-profile.js'
import type { ParseOptions } from './parse-heap-profile.js'
import { notUnderstood, readPprof } from './pprof-reader.js'
import type { HeapProfile } from './types.js'

/** Longest profile of profile.proto, unpacked: it is in memory as a whole. */
const MAX_UNPACKED_BYTES = 2 ** 28

/** How much is looked at to tell text from protobuf. */
const BEGIN_BYTES = 1024

/**
 * Reads a profile of any of the kinds that are known, packed by gzip or not: jemalloc's text, or profile.proto. A
 * packed one may have 256 MiB when it is unpacked, and less under `maxBytes`.
 *
 * @throws CacheAttributionError `ERR_PROFILE_FORMAT`, `ERR_PROFILE_TOO_LARGE`, and as `parseHeapProfile()`
 * @example
 * const profile = await parseAnyProfile(await readFile('heap.pb.gz'))
 */
export async function parseAnyProfile(bytes: Uint8Array, options: ParseOptions = {}): Promise<HeapProfile> {
  const most = Math.min(resolveParseOptions('parseAnyProfile()', options).maxBytes, MAX_UNPACKED_BYTES)
  const unpacked = bytes[0] === 0x1f && bytes[1] === 0x8b ? await unpack(bytes, most) : bytes
  if (isText(unpacked)) return parseHeapProfile([unpacked], options)
  if (unpacked.length > most) throw tooLong(most)
  return inSlices(readPprof(unpacked))
}

/** Text has no control characters; every message of protobuf has some: numbers of fields, kinds and lengths. */
export function isText(bytes: Uint8Array): boolean {
  return bytes
    .subarray(0, BEGIN_BYTES)
    .every((byte) => (byte >= 0x20 && byte !== 0x7f) || (byte >= 0x09 && byte <= 0x0d))
}

async function unpack(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: most })
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(most)
    throw notUnderstood(`it cannot be unpacked: ${messageOf(error)}`, error)
  }
}

function tooLong(most: number): CacheAttributionError {
  return new CacheAttributionError(
    'ERR_PROFILE_TOO_LARGE',
    `the profile has more than ${most} bytes when it is unpacked`,
  )
}
