/**
 * A heap snapshot written to an open descriptor, without the event loop.
 *
 * Rule: every byte is written or the caller learns why not: partial writes are continued, a full pipe is waited for with
 * a bound, and what the kernel refuses (a full disk, a closed pipe) is `ERR_HEAP_SNAPSHOT_WRITE` with its errno.
 */
import { writeSync } from 'node:fs'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { number, resolveOptions } from '../../support/options.js'
import { streamHeapSnapshot } from './stream.js'

/** How {@link writeHeapSnapshot} writes. */
export interface WriteHeapSnapshotOptions {
  /**
   * How long a full pipe or socket may take to accept another byte.
   * @default 30000
   */
  readonly stallTimeoutMs?: number | undefined
}

/** The written file. */
export interface WrittenSnapshot {
  readonly bytes: number
}

/** The used part of the operating system; a test takes its place. */
export interface SnapshotSink {
  /** As `fs.writeSync`: how many bytes were taken, or an error with a `code`. */
  write(chunk: Uint8Array, offset: number, length: number): number
  sleep(ms: number): void
}

const RETRY_MS = 5

/**
 * Takes a snapshot and writes it to `descriptor` from where that stands. The descriptor stays open.
 *
 * @throws CacheAttributionError `ERR_HEAP_SNAPSHOT_WRITE`
 */
export function writeHeapSnapshot(descriptor: number, options?: WriteHeapSnapshotOptions): WrittenSnapshot {
  const { stallTimeoutMs } = resolveOptions('heapSnapshot()', options, {
    stallTimeoutMs: { check: number({ min: 0 }), fallback: 30_000 },
  })
  const cell = new Int32Array(new SharedArrayBuffer(4))
  const sink: SnapshotSink = {
    write: (chunk, offset, length) => writeSync(descriptor, chunk, offset, length),
    sleep: (ms) => void Atomics.wait(cell, 0, 0, ms),
  }
  let bytes = 0
  streamHeapSnapshot((chunk) => {
    writeWholly(sink, chunk, bytes, stallTimeoutMs)
    bytes += chunk.length
  })
  return { bytes }
}

/** Writes one chunk. `writtenBytes` are those before it, for the words of an error. */
export function writeWholly(sink: SnapshotSink, chunk: Uint8Array, writtenBytes: number, stallTimeoutMs: number): void {
  let offset = 0
  let stalledMs = 0
  while (offset < chunk.length) {
    let taken = 0
    try {
      taken = sink.write(chunk, offset, chunk.length - offset)
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (code === 'EINTR') continue
      if (code !== 'EAGAIN') throw failed(writtenBytes + offset, messageOf(error), error)
    }
    offset += taken
    stalledMs = taken > 0 ? 0 : stalledMs + RETRY_MS
    if (stalledMs > stallTimeoutMs) {
      throw failed(writtenBytes + offset, `nothing more was accepted for ${String(stallTimeoutMs)} ms (EAGAIN)`)
    }
    if (taken === 0) sink.sleep(RETRY_MS)
  }
}

function failed(bytes: number, problem: string, cause?: unknown): CacheAttributionError {
  const message = `the heap snapshot broke off after ${String(bytes)} bytes: ${problem}`
  return new CacheAttributionError('ERR_HEAP_SNAPSHOT_WRITE', message, { cause })
}
