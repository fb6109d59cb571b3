/**
 * Reads profile.proto back, as `toPprof()`, a service's `/debug/pprof/heap` or a heap profile of Go writes it.
 *
 * Rule: the same model as of jemalloc's text, so that every output and the difference work on either.
 */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Profile } from 'pprof-format'
import { CoordinatorError, messageOf } from '../../support/errors.js'
import { ProfileBuilder } from './builder.js'
import { loadPprofFormat } from './load-pprof-format.js'
import { parseHeapProfile } from './parser.js'
import type { ParseOptions } from './parser.js'
import type { FrameFunction, HeapProfile, Mapping, SampleType } from './types.js'

/** Longest profile that is unpacked. */
const MAX_UNPACKED_BYTES = 2 ** 29

const KNOWN: readonly SampleType[] = [
  { type: 'inuse_objects', unit: 'count' },
  { type: 'inuse_space', unit: 'bytes' },
  { type: 'alloc_objects', unit: 'count' },
  { type: 'alloc_space', unit: 'bytes' },
]

/**
 * Reads a profile of any of the kinds that are known, packed by gzip or not: jemalloc's text, or profile.proto.
 *
 * @throws CoordinatorError `ERR_PROFILE_FORMAT`, `ERR_PPROF_FORMAT_MISSING`, and as `parseHeapProfile()`
 * @example
 * const profile = await parseAnyProfile(await readFile('heap.pb.gz'))
 */
export async function parseAnyProfile(bytes: Uint8Array, options: ParseOptions = {}): Promise<HeapProfile> {
  const unpacked = bytes[0] === 0x1f && bytes[1] === 0x8b ? await unpack(bytes) : bytes
  // The text begins with a letter or a %, and profile.proto with the number of a field and its kind.
  const isText = unpacked.length === 0 || /^[%h\s]/.test(String.fromCharCode(unpacked[0] ?? 0))
  if (isText && unpacked[0] !== 0x0a) return parseHeapProfile([unpacked], options)
  const { Profile } = await loadPprofFormat()
  try {
    return profileOf(Profile.decode(unpacked))
  } catch (error) {
    if (error instanceof CoordinatorError) throw error
    throw notUnderstood(messageOf(error), error)
  }
}

async function unpack(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_UNPACKED_BYTES })
  } catch (error) {
    throw notUnderstood(`it cannot be unpacked: ${messageOf(error)}`, error)
  }
}

function profileOf(decoded: Profile): HeapProfile {
  const text = (index: number | bigint): string => decoded.stringTable.strings[Number(index)] ?? ''
  const types = decoded.sampleType.map(({ type }) => KNOWN.find((known) => known.type === text(type)))
  const columns = [...types.keys()].filter((column) => types[column] !== undefined)
  const sampleTypes = columns.flatMap((column) => types[column] ?? [])
  if (sampleTypes.length === 0) throw notUnderstood('no heap profile: it has no inuse_space or the like')
  const mappingOf = new Map(decoded.mapping.map(({ id }, index) => [Number(id), index]))
  const builder = new ProfileBuilder({
    source: decoded.mapping.length > 0 ? 'jemalloc' : 'v8',
    sampleTypes,
    sampleIntervalBytes: Number(decoded.period) > 0 ? Number(decoded.period) : null,
    takenAt: Number(decoded.timeNanos) > 0 ? new Date(Number(decoded.timeNanos) / 1e6).toISOString() : null,
    durationMs: Number(decoded.durationNanos) > 0 ? Number(decoded.durationNanos) / 1e6 : null,
    mappings: decoded.mapping.map((mapping): Mapping => ({
      start: BigInt(mapping.memoryStart),
      end: BigInt(mapping.memoryLimit),
      fileOffset: BigInt(mapping.fileOffset),
      file: text(mapping.filename),
      buildId: text(mapping.buildId) === '' ? null : text(mapping.buildId),
    })),
    comments: decoded.comment.map(text),
  })
  const functionOf = new Map(decoded.function.map((own) => [Number(own.id), own]))
  const frameOf = new Map<number, number>()
  for (const { id, address, mappingId, line } of decoded.location) {
    const functions = line.map((at): FrameFunction => {
      const own = functionOf.get(Number(at.functionId))
      const [name, linkerName, file] = [text(own?.name ?? 0), text(own?.systemName ?? 0), text(own?.filename ?? 0)]
      return {
        name,
        linkerName: linkerName === '' || linkerName === name ? null : linkerName,
        file: file === '' ? null : file,
        line: Number(at.line) > 0 ? Number(at.line) : null,
      }
    })
    const place = Number(address) === 0 ? null : BigInt(address)
    frameOf.set(
      Number(id),
      builder.frame({ address: place, mapping: mappingOf.get(Number(mappingId)) ?? null, functions }),
    )
  }
  for (const { locationId, value } of decoded.sample) {
    const stack = locationId.map((id) => frameOf.get(Number(id)))
    if (stack.includes(undefined)) throw notUnderstood('a sample at a place that is not in it')
    const values = columns.map((column) => Number(BigInt.asIntN(64, BigInt(value[column] ?? 0))))
    builder.add(stack as number[], values)
  }
  return builder.build()
}

function notUnderstood(what: string, cause?: unknown): CoordinatorError {
  return new CoordinatorError('ERR_PROFILE_FORMAT', `the pprof profile was not understood: ${what}`, { cause })
}
