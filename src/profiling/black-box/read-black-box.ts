/**
 * Reads the file of a black box, also of a process that writes to it, and one that ended in the middle of a record.
 *
 * Rule: a file of anybody is read: of the wrong kind, cut short, of another version, or crafted. It is refused or understood, and
 * nothing of it is believed that a checksum or a bound does not let through.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { formatBytes } from '../../support/units.js'
import { decodeHeader } from './layout.js'
import type { BoxHeader } from './layout.js'
import { RecordReader } from './records.js'
import type { EndRecord, EventRecord, FrameRecord, PartRecord, SizeRecord, StackRecord, BoxTick } from './records.js'

/** All of a black box. */
export interface BoxContents {
  readonly header: BoxHeader
  /** Since when the file was written last: the newest tick, or the opening. Milliseconds since 1970. */
  readonly lastMs: number
  /** The file ends before its sections do. */
  readonly isCutShort: boolean
  readonly ticks: readonly BoxTick[]
  readonly slowTicks: readonly BoxTick[]
  readonly stacks: readonly StackRecord[]
  readonly frames: ReadonlyMap<number, FrameRecord>
  readonly names: ReadonlyMap<number, string>
  readonly sizes: readonly SizeRecord[]
  readonly slowSizes: readonly SizeRecord[]
  readonly events: readonly EventRecord[]
  readonly end: EndRecord | null
  readonly report: PartRecord | null
  readonly profile: PartRecord | null
}

/** No box is larger. */
const BYTES_MAX = 256 * 1024 * 1024

/** @throws CacheAttributionError `ERR_BLACK_BOX_FILE` */
export function readBlackBox(file: string): BoxContents {
  return parseBlackBox(readWhole(file))
}

/** @throws CacheAttributionError `ERR_BLACK_BOX_FILE` */
export function parseBlackBox(bytes: Uint8Array): BoxContents {
  const header = decodeHeader(bytes)
  const reader = new RecordReader(bytes, header.sections)
  const ticks = reader.ticks('ticks')
  return {
    header,
    lastMs: ticks.at(-1)?.wallMs ?? Date.parse(header.openedAt),
    isCutShort: header.sections.some(({ offset, count }) => count > 0 && offset >= bytes.length),
    ticks,
    slowTicks: reader.ticks('slowTicks'),
    stacks: reader.stacks(),
    frames: reader.frames(),
    names: reader.names(),
    sizes: reader.sizes('sizes'),
    slowSizes: reader.sizes('slowSizes'),
    events: reader.events(),
    end: reader.end(),
    report: reader.part('report'),
    profile: reader.part('profile'),
  }
}

/** Not a device, a pipe or a folder, which would be read for ever. */
function readWhole(file: string): Uint8Array {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw new Error('it is no regular file')
    if (stats.size > BYTES_MAX) {
      throw new Error(`it has ${formatBytes(stats.size)}, and no black box has more than ${formatBytes(BYTES_MAX)}`)
    }
    const bytes = new Uint8Array(stats.size)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, length)
    }
    return bytes.subarray(0, length)
  } catch (error) {
    throw new CacheAttributionError('ERR_BLACK_BOX_FILE', `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
