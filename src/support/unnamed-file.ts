/**
 * Temporary files that nobody else can open and that are gone however this process ends.
 *
 * Rule: a file is made with mode 0600 under a name that cannot be guessed, and loses that name before anything is written. Where
 * no descriptor can be reached by a path (there is no /proc), it keeps the name until it is closed.
 */
import { randomUUID } from 'node:crypto'
import { close, existsSync, openSync, read, rm, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

/** An open file without a name. */
export interface UnnamedFile {
  readonly descriptor: number
  /** The path by which code that opens by name can reach it. */
  readonly path: string
  /** Gives it up; once. Returns at once: to free what a large file takes on the disk takes a while. */
  close(): void
}

const DESCRIPTORS = '/proc/self/fd'
const CHUNK_BYTES = 64 * 1024
const readInto = promisify(read)
/** Nobody is there any more who could be told. */
const nothing = (): void => undefined

/** The path by which an open file can be reached, for code that opens by name; null where there is no /proc. */
export function pathOfDescriptor(descriptor: number): string | null {
  return existsSync(DESCRIPTORS) ? `${DESCRIPTORS}/${String(descriptor)}` : null
}

/** A new one in `folder`. Throws what the system says. `wx` follows no link that somebody put in its place. */
export function openUnnamedFile(folder = tmpdir()): UnnamedFile {
  const name = path.join(folder, `.cache-attribution-${randomUUID()}`)
  const descriptor = openSync(name, 'wx+', 0o600)
  const reachable = pathOfDescriptor(descriptor)
  if (reachable !== null) unlinkSync(name)
  return {
    descriptor,
    path: reachable ?? name,
    close: () => {
      close(descriptor, nothing)
      if (reachable === null) rm(name, { force: true }, nothing)
    },
  }
}

/**
 * The first `bytes` of a file as they are taken. `done` is called once: at the end, or when the reader leaves.
 */
export function contentOf(
  { descriptor }: Pick<UnnamedFile, 'descriptor'>,
  bytes: number,
  done: () => void,
): ReadableStream<Uint8Array> {
  let position = 0
  let reading: Promise<unknown> = Promise.resolve()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytes - position))
        const part = readInto(descriptor, chunk, 0, chunk.length, position)
        reading = part.catch(nothing)
        const { bytesRead } = await part.catch((error: unknown) => {
          done()
          throw error
        })
        position += bytesRead
        if (bytesRead > 0) controller.enqueue(chunk.subarray(0, bytesRead))
        if (position < bytes && bytesRead > 0) return
        done()
        // Less than was promised must not look like all of it.
        if (position < bytes) controller.error(new Error('the temporary file ends too early'))
        else controller.close()
      },
      async cancel() {
        // The number of a closed descriptor is soon another file's.
        await reading
        done()
      },
    },
    { highWaterMark: 0 },
  )
}
