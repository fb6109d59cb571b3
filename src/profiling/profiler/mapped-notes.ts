/**
 * A dump's notes on the files that are mapped, beyond their paths: build-ids, sizes, times. A profile that is read after a
 * redeploy then names nothing by the new file.
 *
 * Rule: in the same turn as the dump, so synchronously; what cannot be read costs its own line. A file is read once for as
 * long as it is the same.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { noteOf } from '../../heap-profile/profile/mapped-files.js'

/** Files at most: a process has some dozen. */
const MAX_FILES = 1_000
const MAX_SEGMENTS = 64
const MAX_NOTE_BYTES = 4_096
const SEGMENT_NOTE = 4
const NOTE_BUILD_ID = 3

/** Line by file, inode and time. */
const known = new Map<string, string>()

/** The lines about all files with code that this process has mapped. */
export function mappedNotes(): string {
  const lines: string[] = []
  for (const file of mappedFiles()) {
    const line = noteOn(file)
    if (line !== null) lines.push(`${line}\n`)
  }
  return lines.join('')
}

function mappedFiles(): Iterable<string> {
  const files = new Set<string>()
  let maps = ''
  try {
    maps = readFileSync('/proc/self/maps', 'utf8')
  } catch {
    // Not on this system: jemalloc's own dump has no mappings either.
  }
  for (const line of maps.split('\n')) {
    const at = line.indexOf('/')
    if (at > 0 && /^\S+ ..x/.test(line) && !line.endsWith(' (deleted)') && files.size < MAX_FILES)
      files.add(line.slice(at))
  }
  return files
}

function noteOn(file: string): string | null {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const { ino, dev, size, mtimeMs } = fstatSync(descriptor)
      const key = [file, dev, ino, size, mtimeMs].join('\0')
      const line = known.get(key) ?? noteOf(file, buildIdIn(descriptor), size, mtimeMs)
      if (known.size > MAX_FILES) known.clear()
      known.set(key, line)
      return line
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return null
  }
}

/** The build-id of this machine's own ELF files: 64 bits, in its byte order. */
function buildIdIn(descriptor: number): string | null {
  const header = read(descriptor, 0, 64)
  if (header.readUInt32BE(0) !== 0x7f454c46 || header.readUInt8(4) !== 2 || header.readUInt8(5) !== 1) return null
  const [from, size, count] = [Number(header.readBigUInt64LE(32)), header.readUInt16LE(54), header.readUInt16LE(56)]
  for (let index = 0; index < Math.min(count, MAX_SEGMENTS); index++) {
    const segment = read(descriptor, from + index * size, 56)
    if (segment.readUInt32LE(0) !== SEGMENT_NOTE) continue
    const bytes = Number(segment.readBigUInt64LE(32))
    if (bytes > MAX_NOTE_BYTES) continue
    const id = buildIdOf(read(descriptor, Number(segment.readBigUInt64LE(8)), bytes))
    if (id !== null) return id
  }
  return null
}

function buildIdOf(notes: Buffer): string | null {
  for (let at = 0; at + 12 <= notes.length;) {
    const [nameBytes, bytes, type] = [notes.readUInt32LE(at), notes.readUInt32LE(at + 4), notes.readUInt32LE(at + 8)]
    const description = at + 12 + padded(nameBytes)
    const isGnu = nameBytes === 4 && notes.toString('latin1', at + 12, at + 16) === 'GNU\0'
    if (isGnu && type === NOTE_BUILD_ID && bytes >= 2 && bytes <= 64) {
      return notes.toString('hex', description, description + bytes)
    }
    at = description + padded(bytes)
  }
  return null
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 4) * 4
}

function read(descriptor: number, from: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes)
  if (readSync(descriptor, buffer, 0, bytes, from) !== bytes) throw new Error('the file is shorter')
  return buffer
}
