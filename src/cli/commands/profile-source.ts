/** Where the profile of a command line comes from: a file, or a running service. */
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { isText, parseAnyProfile } from '../../heap-profile/profile/parse-any-profile.js'
import { parseHeapProfile } from '../../heap-profile/profile/parse-heap-profile.js'
import type { ParseOptions } from '../../heap-profile/profile/parse-heap-profile.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import { problemOfBody } from '../../support/admin-client.js'

/** How a source is read. */
export interface SourceOptions {
  readonly cwd: string
  /** For a service: what proves that we may ask. */
  readonly token: string | undefined
  /** For a service: sample so long. */
  readonly seconds: number | undefined
  /** For a service: which memory. */
  readonly kind: string | undefined
  /** For a service: leave out the youngest. */
  readonly leak: boolean
  /** For a service: count what is freed meanwhile, too. */
  readonly temporary: boolean
  readonly truncated: boolean
  /** Whether the rows of threads are wanted: a third of the memory of a large profile. */
  readonly threads: boolean
}

/** Where services have their heap profile. */
const PPROF_PATH = '/debug/pprof/heap'

/** Longest answer of a service. */
const MAX_ANSWER_BYTES = 2 ** 28

/** Read of a file at once. */
const PIECE_BYTES = 2 ** 20

/** How long a service may take beside sampling. */
const ANSWER_TIMEOUT_MS = 60_000

/** The profile of a file or of an address. @throws CacheAttributionError `ERR_PROFILE_*` */
export async function readSource(target: string, options: SourceOptions): Promise<HeapProfile> {
  const parse: ParseOptions = { truncated: options.truncated ? 'keep' : 'refuse', threads: options.threads }
  if (/^https?:\/\//i.test(target)) return parseAnyProfile(await fetchProfile(target, options), parse)
  return withFile(path.resolve(options.cwd, target), async (handle) => {
    const first = Buffer.alloc(PIECE_BYTES)
    const { bytesRead } = await handle.read(first, 0, PIECE_BYTES, null)
    const pieces = piecesOf(handle, first.subarray(0, bytesRead))
    // jemalloc's text may be of any size and is read piece by piece; everything else is small.
    const profile = isText(first.subarray(0, bytesRead))
      ? await parseHeapProfile(pieces, parse)
      : await parseAnyProfile(await whole(pieces), parse)
    const stat = await handle.stat()
    // A pipe has no such time.
    return stat.isFile() ? { ...profile, writtenAt: stat.mtime.toISOString() } : profile
  })
}

/** The rest of a file behind what was read of it. It may be a pipe, which is read but once. */
async function* piecesOf(file: FileHandle, first: Uint8Array): AsyncGenerator<Uint8Array> {
  yield first
  const buffer = Buffer.alloc(PIECE_BYTES)
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES, null)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

type Question = Pick<SourceOptions, 'seconds' | 'kind' | 'leak' | 'temporary'>

/** The address of a service's profile: of its root, or of its admin endpoint, where that is given. */
function profileUrl(target: string, { seconds, kind, leak, temporary }: Question): URL {
  const url = new URL(target)
  const prefix = url.pathname === '/' ? '' : /^(.*)\/debug\/memory\/?$/.exec(url.pathname)?.[1]
  if (prefix !== undefined) url.pathname = `${prefix}${PPROF_PATH}`
  if (seconds !== undefined) url.searchParams.set('seconds', String(seconds))
  if (kind !== undefined) url.searchParams.set('kind', kind)
  if (leak) url.searchParams.set('leak', '1')
  if (temporary) url.searchParams.set('temporary', '1')
  return url
}

async function fetchProfile(target: string, { token, ...question }: SourceOptions): Promise<Uint8Array> {
  try {
    const answer = await fetch(profileUrl(target, question), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      // A token is for the service that was named.
      redirect: token === undefined ? 'follow' : 'error',
      signal: AbortSignal.timeout((question.seconds ?? 0) * 1000 + ANSWER_TIMEOUT_MS),
    })
    const body = await bounded(answer)
    if (answer.ok) return body
    const words = new TextDecoder().decode(body)
    throw problemOfBody(words) ?? new Error(`the service answered ${answer.status}: ${words.slice(0, 300)}`)
  } catch (error) {
    if (error instanceof CacheAttributionError) throw error
    const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : ''
    throw new CacheAttributionError('ERR_PROFILE_READ', `the profile could not be fetched: ${messageOf(error)}${cause}`)
  }
}

async function bounded(answer: Response): Promise<Uint8Array> {
  return whole((answer.body ?? []) as AsyncIterable<Uint8Array>)
}

async function whole(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of source) {
    length += piece.length
    if (length > MAX_ANSWER_BYTES) throw new Error(`it has more than ${MAX_ANSWER_BYTES} bytes`)
    pieces.push(Buffer.from(piece))
  }
  return Buffer.concat(pieces)
}

async function withFile<T>(file: string, body: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    const handle = await open(file, 'r')
    try {
      return await body(handle)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof CacheAttributionError) throw error
    throw new CacheAttributionError('ERR_PROFILE_READ', `the profile could not be read: ${messageOf(error)}`)
  }
}
