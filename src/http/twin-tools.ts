/**
 * What is done in a twin besides runs: discoveries, class histograms, heap snapshots.
 *
 * Rule: those who ask for the same share one twin; the last who leaves ends it. A snapshot's file has mode 0600 and loses its
 * name before anything is written: nobody else can open it, and nothing is left behind, whatever becomes of this process.
 */
import { randomUUID } from 'node:crypto'
import { close, openSync, read, unlinkSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import { SingleFlight } from '../support/single-flight.js'
import { CoordinatorError, messageOf } from '../support/errors.js'
import { heapSnapshotInto } from '../twin/heap-snapshot/in-twin.js'
import { HttpProblem } from './problem.js'
import type { Current, Runs } from './runs.js'

const CHUNK_BYTES = 64 * 1024
const readFile = promisify(read)
const closeFile = promisify(close)

/** A snapshot on its way to the one who asked. */
export interface SnapshotDownload {
  readonly bytes: number
  readonly body: ReadableStream<Uint8Array>
}

/** Does them one at a time. */
export class TwinTools {
  readonly #runs: Runs
  readonly #temporaryFolder: string
  readonly #flight = new SingleFlight<unknown>('ERR_RUN_ABORTED')
  #isDownloading = false

  constructor(runs: Runs, temporaryFolder: string) {
    this.#runs = runs
    this.#temporaryFolder = temporaryFolder
  }

  /** Does a task, or joins the same one under way. @throws HttpProblem `ERR_RUN_IN_PROGRESS` */
  async share<T>(
    mode: Current['mode'],
    key: string,
    signal: AbortSignal,
    task: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const flight = this.#flight
    if (flight.key === key && !flight.isAborting) return flight.join(signal) as Promise<T>
    if (signal.aborted) throw new CoordinatorError('ERR_RUN_ABORTED', 'whoever asked has left')
    const end = this.#runs.begin(mode, () => void flight.abort())
    return flight.start(key, signal, (ofAll) => task(ofAll).finally(end)) as Promise<T>
  }

  /**
   * Takes a heap snapshot. Until it has been read, or its reader has left, there is no second one.
   *
   * @throws CoordinatorError as `heapSnapshot()`; HttpProblem `ERR_RUN_IN_PROGRESS`
   */
  async snapshot(signal: AbortSignal): Promise<SnapshotDownload> {
    if (this.#isDownloading) {
      throw new HttpProblem('ERR_RUN_IN_PROGRESS', 'another heap snapshot is being taken or downloaded', {
        extra: { runId: this.#runs.current?.id ?? null },
        headers: { 'retry-after': '5' },
      })
    }
    this.#isDownloading = true
    let file: number | undefined
    const done = async (): Promise<void> => {
      if (file !== undefined) await closeFile(file)
      file = undefined
      this.#isDownloading = false
    }
    try {
      const opened = openUnnamed(this.#temporaryFolder)
      file = opened
      const bytes = await this.share('heap-snapshot', randomUUID(), signal, (ofAll) =>
        heapSnapshotInto(opened, { signal: ofAll }),
      )
      return { bytes, body: contentOf(opened, bytes, done) }
    } catch (error) {
      await done()
      throw error
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await this.#flight.abort()
  }
}

/** A new file that is gone with its last descriptor. `wx` follows no link that somebody put in its place. */
function openUnnamed(folder: string): number {
  const file = path.join(folder, `.cache-attribution-${randomUUID()}`)
  try {
    const opened = openSync(file, 'wx+', 0o600)
    unlinkSync(file)
    return opened
  } catch (error) {
    throw new CoordinatorError('ERR_HEAP_SNAPSHOT_WRITE', `no temporary file can be made: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Reads as fast as it is taken, and is done at the end or when its reader leaves. */
function contentOf(file: number, bytes: number, done: () => Promise<void>): ReadableStream<Uint8Array> {
  let position = 0
  let reading: Promise<unknown> = Promise.resolve()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytes - position))
        const part = readFile(file, chunk, 0, chunk.length, position)
        reading = part.catch(() => undefined)
        const { bytesRead } = await part
        position += bytesRead
        if (bytesRead > 0) controller.enqueue(chunk.subarray(0, bytesRead))
        if (position < bytes && bytesRead > 0) return
        await done()
        // Less than was promised must not look like all of it.
        if (position < bytes) controller.error(new Error('the temporary file ends too early'))
        else controller.close()
      },
      async cancel() {
        // The number of a closed descriptor is soon another file's.
        await reading
        await done()
      },
    },
    { highWaterMark: 0 },
  )
}
