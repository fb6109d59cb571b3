/**
 * A dump of jemalloc's profiler into a file that is ours alone.
 *
 * Rule: nobody else can name, read or replace the file. It is made with mode 0600 and jemalloc reaches it through our own
 * descriptor; a temporary one has lost its name before anything is written, so that it is gone however this process
 * ends. What the disk refuses is `ERR_PROFILE_DUMP` with the system's reason, and leaves nothing behind.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import type { Mallctl } from '../../allocator/port.js'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { readText } from '../../support/read-text.js'
import { javaScriptNotes } from '../javascript-stacks/javascript-notes.js'
import { mappedNotes } from './mapped-notes.js'
import { openUnnamedFile, pathOfDescriptor } from '../../support/unnamed-file.js'
import type { UnnamedFile } from '../../support/unnamed-file.js'

/** The text behind the last sample of every whole dump. */
const LAST_SECTION = Buffer.from('\nMAPPED_LIBRARIES:\n')
const CHUNK_BYTES = 1024 * 1024
/** More than a block of any disk: what is left of the last one says nothing. */
const PROBE = Buffer.alloc(64 * 1024)

/** A new temporary file in `folder`. @throws CacheAttributionError `ERR_PROFILE_DUMP` */
export function openTemporaryFile(folder?: string): UnnamedFile {
  return attempt('no temporary file can be made', () => openUnnamedFile(folder))
}

/** Has jemalloc write its profile; blocks this thread for it. @throws CacheAttributionError `ERR_PROFILE_DUMP` */
export function dumpInto(mallctl: Mallctl, file: Pick<UnnamedFile, 'descriptor' | 'path'>): void {
  try {
    mallctl.write('prof.dump', 'string', file.path)
  } catch (error) {
    // jemalloc says that something failed, the disk says what, though others may have made some room on it since.
    const reason = whyNotWritten(file.descriptor, PROBE.length) ?? messageOf(error)
    throw new CacheAttributionError('ERR_PROFILE_DUMP', `jemalloc could not write its profile: ${reason}`, {
      cause: error,
    })
  }
  checkWhole(file.descriptor)
  addNotes(file.descriptor, mappedNotes() + javaScriptNotes(file.descriptor))
}

/** Says what the tokens of JavaScript in a dump stand for that this process did not write itself (a twin did). */
export function addJavaScriptNames(descriptor: number): void {
  addNotes(descriptor, javaScriptNotes(descriptor))
}

/** Says which files are mapped, and names JavaScript. A disk that takes no more keeps the dump as it was. */
function addNotes(descriptor: number, lines: string): void {
  const { size } = fstatSync(descriptor)
  const notes = Buffer.from(lines)
  try {
    if (writeSync(descriptor, notes, 0, notes.length, size) !== notes.length) ftruncateSync(descriptor, size)
  } catch {
    ftruncateSync(descriptor, size)
  }
}

/** The same into a new file at `target`, mode 0600; gives its size. @throws CacheAttributionError `ERR_PROFILE_DUMP` */
export function dumpToFile(mallctl: Mallctl, target: string): number {
  const descriptor = attempt('the file cannot be made', () => openSync(target, 'wx+', 0o600))
  let isWritten = false
  try {
    dumpInto(mallctl, { descriptor, path: pathOfDescriptor(descriptor) ?? target })
    isWritten = true
    return fstatSync(descriptor).size
  } finally {
    closeSync(descriptor)
    if (!isWritten) rmSync(target, { force: true })
  }
}

/** Refuses a dump that was cut off: some versions of jemalloc overlook a write that was taken in part. */
export function checkWhole(descriptor: number): void {
  const { size } = fstatSync(descriptor)
  // The libraries, which stand last, have no end that could be looked for.
  const reason = hasLastSection(descriptor, size) ? whyNotWritten(descriptor, 1) : whyCutOff(descriptor)
  if (reason === undefined) return
  throw new CacheAttributionError('ERR_PROFILE_DUMP', `the dump was cut off after ${String(size)} bytes (${reason})`)
}

/** Without the kernel's list of mappings jemalloc ends a dump before its last section, and says nothing. */
function whyCutOff(descriptor: number): string {
  const reason = whyNotWritten(descriptor, PROBE.length)
  if (reason === undefined && readText('/proc/self/maps') === null) {
    return '/proc/self/maps, with which a dump ends, cannot be read: /proc must be mounted'
  }
  return reason ?? 'is the disk full?'
}

function hasLastSection(descriptor: number, size: number): boolean {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES + LAST_SECTION.length)
  for (let end = size; end > 0; end -= CHUNK_BYTES) {
    const start = Math.max(0, end - CHUNK_BYTES)
    // A marker across the border of two chunks is whole in one of them.
    const length = readSync(descriptor, chunk, 0, Math.min(size - start, chunk.length), start)
    if (chunk.subarray(0, length).includes(LAST_SECTION)) return true
  }
  return false
}

/**
 * The disk's answer when the file is to grow; undefined where it takes so much. A disk with some room takes a part, and
 * says nothing. The file stays as it is.
 */
function whyNotWritten(descriptor: number, neededBytes: number): string | undefined {
  const { size } = fstatSync(descriptor)
  try {
    const written = writeSync(descriptor, PROBE, 0, PROBE.length, size)
    return written >= neededBytes ? undefined : 'is the disk full?'
  } catch (error) {
    return messageOf(error)
  } finally {
    ftruncateSync(descriptor, size)
  }
}

function attempt<T>(problem: string, task: () => T): T {
  try {
    return task()
  } catch (error) {
    throw new CacheAttributionError('ERR_PROFILE_DUMP', `${problem}: ${messageOf(error)}`, { cause: error })
  }
}
