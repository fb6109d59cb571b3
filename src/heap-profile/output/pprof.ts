/**
 * profile.proto, gzipped: what `go tool pprof`, Speedscope, Grafana Pyroscope, Parca and the like open.
 *
 * Rule: sample types, their order and the period are those of Go's heap profiles, so that tools show what they show of a
 * Go program. Values are rounded so that their sums stay right: what a row loses the next one gets. Samples are encoded
 * and compressed some thousand at a time; a protobuf message is the pieces of it one after the other.
 */
import { createGzip } from 'node:zlib'
import type { Gzip } from 'node:zlib'
import type * as PprofFormat from 'pprof-format'
import { CacheAttributionError } from '../../support/errors.js'
import { boolean, oneOf, resolveOptions } from '../../support/options.js'
import type { OptionRules } from '../../support/options.js'
import { DEFAULT_SAMPLE_TYPE } from '../profile/columns-of.js'
import { loadPprofFormat } from '../profile/load-pprof-format.js'
import { SAMPLE_TYPE_NAMES } from '../profile/sample-types.js'
import { withTemporary } from '../profile/temporary.js'
import type { HeapProfile, SampleTypeName } from '../profile/types.js'
import { allocatorFrames, shownFrom } from './labels.js'
import { PprofTables } from './pprof-tables.js'

/** Options of {@link toPprof}. */
export interface PprofOptions {
  /** Which kind of value tools show first, where the profile has it. @default 'inuse_space' */
  readonly type?: SampleTypeName
  /** Keep the allocator's own frames. @default false */
  readonly allocatorFrames?: boolean
  /**
   * Write the rows of threads, labelled `thread` (the name) and `thread_id`, in place of those of all threads. They are
   * estimates by themselves and add up to a slightly different whole. @default false
   */
  readonly byThread?: boolean
}

/**
 * The profile as gzipped profile.proto. Needs the package `pprof-format`, an optional peer.
 *
 * @throws CacheAttributionError `ERR_PPROF_FORMAT_MISSING` where that package is not installed, `ERR_PROFILE_COLUMN` for
 *   `byThread` without rows of threads, `ERR_OPTION_*`
 * @example
 * await writeFile('heap.pb.gz', await toPprof(await symbolize(profile))) // go tool pprof -http=: heap.pb.gz
 */
export async function toPprof(given: HeapProfile, options: PprofOptions = {}): Promise<Buffer> {
  const resolved = resolveOptions<Required<PprofOptions>>('toPprof()', options, RULES)
  const profile = resolved.byThread ? given : withTemporary(given, resolved.type)
  if (resolved.byThread && profile.threads === null) {
    throw new CacheAttributionError('ERR_PROFILE_COLUMN', 'the profile has no rows of threads')
  }
  const format = loadPprofFormat()
  const gzip = createGzip()
  const written = collect(gzip)
  try {
    const tables = new PprofTables(profile, format)
    for (const samples of sampleBatches(profile, tables, resolved)) {
      const piece = new format.Profile({ sample: samples, stringTable: new format.StringTable(format.emptyTableToken) })
      await write(gzip, piece.encode())
    }
    // Behind the samples, since labels of samples add strings.
    await write(gzip, tables.encode(resolved.type))
    gzip.end()
    return await written
  } finally {
    gzip.destroy()
  }
}

const RULES: OptionRules<Required<PprofOptions>> = {
  type: {
    check: oneOf(...SAMPLE_TYPE_NAMES),
    fallback: DEFAULT_SAMPLE_TYPE,
  },
  allocatorFrames: { check: boolean, fallback: false },
  byThread: { check: boolean, fallback: false },
}

const SAMPLES_IN_BATCH = 2_048

function collect(gzip: Gzip): Promise<Buffer> {
  const pieces: Buffer[] = []
  gzip.on('data', (piece: Buffer) => pieces.push(piece))
  const written = new Promise<Buffer>((resolve, reject) => {
    gzip.on('error', reject)
    gzip.on('end', () => {
      resolve(Buffer.concat(pieces))
    })
  })
  // A failure before the end does not wait for it.
  written.catch(() => undefined)
  return written
}

function write(gzip: Gzip, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    gzip.write(piece, (error) => {
      if (error == null) resolve()
      else reject(error)
    })
  })
}

/** Rows of values with the sample that each is of, and its thread if rows are by thread. */
function* rowsOf(profile: HeapProfile, byThread: boolean): Generator<[sample: number, row: number, thread: number]> {
  const { threads, samples } = profile
  if (!byThread || threads === null) {
    for (let sample = 0; sample < samples.count; sample++) yield [sample, sample, -1]
    return
  }
  for (let row = 0; row < threads.count; row++) yield [threads.samples[row] ?? 0, row, threads.threads[row] ?? 0]
}

function* sampleBatches(
  profile: HeapProfile,
  tables: PprofTables,
  options: Required<PprofOptions>,
): Generator<PprofFormat.SampleInput[]> {
  const { offsets, frames } = profile.samples
  const values = (options.byThread ? profile.threads?.values : undefined) ?? profile.samples.values
  const allocator = options.allocatorFrames ? null : allocatorFrames(profile)
  const rounding = new Rounding(values, profile.sampleTypes.length, tables.columns)
  let batch: PprofFormat.SampleInput[] = []
  for (const [sample, row, thread] of rowsOf(profile, options.byThread)) {
    const value = rounding.row(row)
    if (value === null) continue
    const to = offsets[sample + 1] ?? 0
    const from = shownFrom(frames, offsets[sample] ?? 0, to, allocator)
    const locationId = Array.from(frames.subarray(from, to), (frame) => frame + 1)
    batch.push({ locationId, value, ...(thread < 0 ? {} : { label: tables.labels(thread) }) })
    if (batch.length < SAMPLES_IN_BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Whole numbers whose running sums are those of the estimates, rounded. */
class Rounding {
  readonly #values: Float64Array
  readonly #width: number
  readonly #columns: readonly number[]
  readonly #owed: number[]

  constructor(values: Float64Array, width: number, columns: readonly number[]) {
    this.#values = values
    this.#width = width
    this.#columns = columns
    this.#owed = columns.map(() => 0)
  }

  /** The values of a row in the order of `columns`; null where all are zero. */
  row(row: number): number[] | null {
    const rounded = this.#columns.map((column, index) => {
      const exact = this.#values[row * this.#width + column] ?? 0
      if (exact === 0) return 0
      const value = Math.round(exact + (this.#owed[index] ?? 0))
      this.#owed[index] = (this.#owed[index] ?? 0) + exact - value
      return value + 0
    })
    return rounded.every((value) => value === 0) ? null : rounded
  }
}
