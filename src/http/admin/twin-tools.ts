/**
 * Tasks in a twin besides runs: discoveries, class histograms, heap snapshots.
 *
 * Rule: those who ask for the same share one twin; the last who leaves ends it. Nobody else can open a snapshot's file, and
 * nothing is left behind, whatever becomes of this process.
 */
import { randomUUID } from 'node:crypto'
import { SingleFlight } from '../../support/single-flight.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { contentOf, openUnnamedFile } from '../../support/unnamed-file.js'
import type { UnnamedFile } from '../../support/unnamed-file.js'
import { heapSnapshotInto } from '../../twin/heap-snapshot/in-twin.js'
import { HttpProblem } from '../server/problem.js'
import type { RunTracker } from './run-tracker.js'
import type { CurrentRun } from './types.js'

/** A snapshot on its way to the one who asked. */
export interface SnapshotDownload {
  readonly bytes: number
  readonly body: ReadableStream<Uint8Array>
}

/** Does them one at a time. */
export class TwinTools {
  readonly #runs: RunTracker
  readonly #temporaryFolder: string
  readonly #flight = new SingleFlight<unknown>('ERR_RUN_ABORTED')
  #isDownloading = false

  constructor(runs: RunTracker, temporaryFolder: string) {
    this.#runs = runs
    this.#temporaryFolder = temporaryFolder
  }

  /** Does a task, or joins the same one under way. @throws HttpProblem `ERR_RUN_IN_PROGRESS` */
  async share<T>(
    mode: CurrentRun['mode'],
    key: string,
    signal: AbortSignal,
    task: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const flight = this.#flight
    if (flight.key === key && !flight.isAborting) return flight.join(signal) as Promise<T>
    if (signal.aborted) throw new CacheAttributionError('ERR_RUN_ABORTED', 'the client has disconnected')
    const end = this.#runs.begin(mode, () => void flight.abort())
    return flight.start(key, signal, (ofAll) => task(ofAll).finally(end)) as Promise<T>
  }

  /**
   * Takes a heap snapshot. Until it has been read, or its reader has left, there is no second one.
   *
   * @throws CacheAttributionError as `heapSnapshot()`; HttpProblem `ERR_RUN_IN_PROGRESS`
   */
  async snapshot(signal: AbortSignal): Promise<SnapshotDownload> {
    if (this.#isDownloading) {
      throw new HttpProblem('ERR_RUN_IN_PROGRESS', 'another heap snapshot is being taken or downloaded', {
        extra: { runId: this.#runs.current?.id ?? null },
        headers: { 'retry-after': '5' },
      })
    }
    this.#isDownloading = true
    let file: UnnamedFile | undefined
    const done = (): void => {
      file?.close()
      file = undefined
      this.#isDownloading = false
    }
    try {
      const opened = openFile(this.#temporaryFolder)
      file = opened
      const bytes = await this.share('heap-snapshot', randomUUID(), signal, (ofAll) =>
        heapSnapshotInto(opened.descriptor, { signal: ofAll }),
      )
      return { bytes, body: contentOf(opened, bytes, done) }
    } catch (error) {
      done()
      throw error
    }
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await this.#flight.abort()
  }
}

/** @throws CacheAttributionError `ERR_HEAP_SNAPSHOT_WRITE` */
function openFile(folder: string): UnnamedFile {
  try {
    return openUnnamedFile(folder)
  } catch (error) {
    throw new CacheAttributionError('ERR_HEAP_SNAPSHOT_WRITE', `no temporary file can be made: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
