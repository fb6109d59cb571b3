/**
 * Reads jemalloc's own text of a heap profile, `heap_v2`, as `prof.dump` writes it.
 *
 * Rule: the text comes in pieces of any size and is never in memory as a whole; what is kept grows with the number of
 * distinct stacks. Every line is understood or refused with its number: a wrong profile is worse than none.
 */
import { open } from 'node:fs/promises'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { boolean, number, oneOf, resolveOptions } from '../../support/options.js'
import type { OptionRules } from '../../support/options.js'
import { inSlices, nextTurn } from '../../support/slices.js'
import { ProfileText } from './profile-text.js'
import type { HeapProfile } from './types.js'

/** Options of {@link parseHeapProfile} and {@link readHeapProfile}. */
export interface ParseOptions {
  /** Keep the rows of each thread. @default true */
  readonly threads?: boolean
  /**
   * The treatment of a text that ends too early, as of a process that was killed while it dumped: `'refuse'` it with
   * `ERR_PROFILE_TRUNCATED`, or `'keep'` the whole stacks that it has and say so in `comments`. @default 'refuse'
   */
  readonly truncated?: 'refuse' | 'keep'
  /** Longest text that is read, in bytes. @default 1 GiB */
  readonly maxBytes?: number
}

/**
 * Reads the text of a heap profile from a stream, a list of buffers, or anything else that gives bytes piece by piece.
 *
 * Sampled counts and bytes are unbiased as jemalloc's documents describe it, so they estimate the whole. `alloc_*`
 * columns are there where the process ran with `prof_accum:true`. Frames are addresses; `symbolize()` names them.
 *
 * @throws CacheAttributionError `ERR_PROFILE_FORMAT` (what is wrong, and in which line), `ERR_PROFILE_TRUNCATED`,
 *   `ERR_PROFILE_TOO_LARGE`, and `ERR_OPTION_*`; what the stream throws is passed on as it is
 * @example
 * const profile = await parseHeapProfile(createReadStream('jeprof.1234.0.f.heap'))
 * console.log(formatTopTable(topTable(await symbolize(profile))))
 */
export async function parseHeapProfile(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: ParseOptions = {},
): Promise<HeapProfile> {
  const text = new ProfileText(resolveParseOptions('parseHeapProfile()', options))
  let sinceTurn = 0
  for await (const piece of source) {
    for (let at = 0; at === 0 || at < piece.length; at += PIECE_BYTES) {
      // A text in memory must not hold the event loop.
      if (sinceTurn >= PIECE_BYTES) await nextTurn()
      if (sinceTurn >= PIECE_BYTES) sinceTurn = 0
      const part = piece.length > PIECE_BYTES ? piece.subarray(at, at + PIECE_BYTES) : piece
      text.push(part)
      sinceTurn += part.length
    }
  }
  return inSlices(text.end())
}

/** The options, complete. @throws CacheAttributionError `ERR_OPTION_*` */
export function resolveParseOptions(caller: string, options: ParseOptions): Required<ParseOptions> {
  return resolveOptions<Required<ParseOptions>>(caller, options, RULES)
}

/**
 * Reads the text of a heap profile from a file.
 *
 * @throws CacheAttributionError `ERR_PROFILE_READ` where the file cannot be read; else as {@link parseHeapProfile}
 * @example
 * const before = await readHeapProfile('/var/tmp/service.1.heap')
 * const after = await readHeapProfile('/var/tmp/service.2.heap')
 * console.log(formatTopTable(topTable(await symbolize(subtractProfile(after, before)))))
 */
export async function readHeapProfile(path: string, options: ParseOptions = {}): Promise<HeapProfile> {
  const text = new ProfileText(resolveParseOptions('readHeapProfile()', options))
  const writtenAt = await readPieces(path, (piece) => {
    text.push(piece)
  })
  return { ...(await inSlices(text.end())), writtenAt }
}

const RULES: OptionRules<Required<ParseOptions>> = {
  threads: { check: boolean, fallback: true },
  truncated: { check: oneOf('refuse', 'keep'), fallback: 'refuse' },
  maxBytes: { check: number({ min: 1, integer: true }), fallback: 2 ** 30 },
}

/** Large enough for few calls, small enough that the event loop turns between two of them: some 5 ms of parsing. */
const PIECE_BYTES = 1 << 20

/** Gives when the file was written. Not a stream: one buffer serves for all pieces, where a stream would allocate as much as the file is long. */
async function readPieces(path: string, take: (piece: Uint8Array) => void): Promise<string> {
  const fail = (error: unknown): never => {
    throw new CacheAttributionError('ERR_PROFILE_READ', `the profile could not be read: ${messageOf(error)}`)
  }
  const file = await open(path, 'r').catch(fail)
  try {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES, null).catch(fail)
      if (bytesRead === 0) return (await file.stat().catch(fail)).mtime.toISOString()
      take(buffer.subarray(0, bytesRead))
    }
  } finally {
    await file.close()
  }
}
