/**
 * The layout of a black box's file: a header, then sections of records of one size, in the order of native/black-box-layout.h.
 *
 * Rule: the header says where each section lies, so that a file can be read whose sizes were chosen otherwise. A file of a version
 * that is not known is refused, never guessed at.
 */
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { isObject } from '../../support/is-object.js'
import { checksum } from './checksum.js'

/** Sections in the order of the addon, with the bytes of a record; those of a report and a profile are chosen for each file. */
export const SECTIONS = [
  { name: 'ticks', recordBytes: 256 },
  { name: 'slowTicks', recordBytes: 256 },
  { name: 'stacks', recordBytes: 64 },
  { name: 'frames', recordBytes: 256 },
  { name: 'names', recordBytes: 256 },
  { name: 'sizes', recordBytes: 64 },
  { name: 'slowSizes', recordBytes: 64 },
  { name: 'events', recordBytes: 256 },
  { name: 'end', recordBytes: 32 },
  { name: 'report', recordBytes: 1 },
  { name: 'profile', recordBytes: 1 },
] as const

/** The name of a section. */
export type SectionName = (typeof SECTIONS)[number]['name']

/** Where a section lies. */
export interface SectionRange {
  readonly name: SectionName
  readonly offset: number
  /** Records; of a report and a profile the bytes of one of its two places. */
  readonly count: number
}

/** The process, by the header. */
export interface BoxHeader {
  readonly pid: number
  /** ISO 8601: when the box was opened. */
  readonly openedAt: string
  /** The kernel's clock ticks from its boot to the start of the process; null where that is not known. */
  readonly startTicks: string | null
  readonly bootId: string | null
  /** The namespace in which the process id counts. */
  readonly pidNamespace: string | null
  readonly node: string
  /** This library's. */
  readonly version: string
  readonly program: string
  /** Of this library's code, whose calls are not the program's; null where it was bundled. */
  readonly ownFolder: string | null
  readonly intervalMs: number
  readonly slowEvery: number
  /** Why no frames of JavaScript are there; null where they are. */
  readonly noStacks: string | null
  readonly allocator: string
  readonly nearLimit: number
  readonly sections: readonly SectionRange[]
}

/** The bytes of the header, its own checksum included. */
export const HEADER_BYTES = 4096
const MAGIC = 'CABOX\r\n\u001a'
const VERSION = 2
/** Behind the magic, the version, the length of the text and its checksum. */
const TEXT_AT = 32
/** A program's name that is longer loses its beginning. */
const PROGRAM_LENGTH_MAX = 400

/** Sections whose sizes are always the same. */
const FIXED: Partial<Readonly<Record<SectionName, number>>> = { frames: 1024, names: 256, events: 64, end: 1 }
/** Parts of what is left. */
const SHARES: Partial<Readonly<Record<SectionName, number>>> = {
  ticks: 0.25,
  slowTicks: 0.21,
  stacks: 0.06,
  sizes: 0.15,
  slowSizes: 0.05,
  report: 0.12,
  profile: 0.16,
}
const PAGE = 4096

/** Where sections lie in a file of at most `maxBytes`. */
export function boxLayout(maxBytes: number): { readonly sections: SectionRange[]; readonly bytes: number } {
  const fixed = SECTIONS.reduce((sum, { name, recordBytes }) => sum + paged((FIXED[name] ?? 0) * recordBytes), 0)
  const left = maxBytes - fixed - HEADER_BYTES - SECTIONS.length * PAGE
  const sections: SectionRange[] = []
  let offset = HEADER_BYTES
  for (const { name, recordBytes } of SECTIONS) {
    const places = name === 'report' || name === 'profile' ? 2 : 1
    const count = FIXED[name] ?? Math.floor((left * (SHARES[name] ?? 0)) / recordBytes / places / 8) * 8
    sections.push({ name, offset, count })
    offset += paged(count * recordBytes * places)
  }
  return { sections, bytes: offset }
}

function paged(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE
}

/** The header as bytes. */
export function encodeHeader(header: BoxHeader): Uint8Array {
  const program = header.program.slice(-PROGRAM_LENGTH_MAX)
  const ownFolder = (header.ownFolder?.length ?? 0) > PROGRAM_LENGTH_MAX ? null : header.ownFolder
  const text = new TextEncoder().encode(JSON.stringify({ ...header, program, ownFolder }))
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode(MAGIC), 0)
  view.setUint32(8, VERSION, true)
  view.setUint32(12, text.length, true)
  bytes.set(text, TEXT_AT)
  view.setUint32(16, checksum(bytes, TEXT_AT, text.length), true)
  return bytes
}

/** Whether a file that begins so is a black box, of any version. */
export function isBlackBox(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && new TextDecoder('latin1').decode(bytes.subarray(0, MAGIC.length)) === MAGIC
}

/** @throws CacheAttributionError `ERR_BLACK_BOX_FILE` */
export function decodeHeader(bytes: Uint8Array): BoxHeader {
  if (!isBlackBox(bytes)) throw refused('it is no black box: it begins otherwise')
  if (bytes.length < HEADER_BYTES) throw refused(`it ends within its header, after ${String(bytes.length)} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const version = view.getUint32(8, true)
  if (version !== VERSION) {
    throw refused(`it is of version ${String(version)}, and this package reads version ${String(VERSION)}`)
  }
  const length = view.getUint32(12, true)
  if (length > HEADER_BYTES - TEXT_AT || view.getUint32(16, true) !== checksum(bytes, TEXT_AT, length)) {
    throw refused('its header is damaged')
  }
  return checkedHeader(new TextDecoder().decode(bytes.subarray(TEXT_AT, TEXT_AT + length)))
}

/** A checksum is no signature: what a crafted header says is checked member by member. */
function checkedHeader(text: string): BoxHeader {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw refused(`its header is damaged: ${messageOf(error)}`)
  }
  if (!isObject(value)) throw refused('its header is damaged')
  const given = value as Readonly<Record<string, unknown>>
  const textOf = (name: string): string => {
    const member = given[name]
    if (typeof member !== 'string' || member.length > PROGRAM_LENGTH_MAX) throw refused(`its header has no ${name}`)
    return member
  }
  const textOrNull = (name: string): string | null => (given[name] === null ? null : textOf(name))
  const numberOf = (name: string): number => {
    const member = given[name]
    if (typeof member !== 'number' || !(member >= 0)) throw refused(`its header has no ${name}`)
    return member
  }
  return {
    pid: numberOf('pid'),
    openedAt: textOf('openedAt'),
    startTicks: textOrNull('startTicks'),
    bootId: textOrNull('bootId'),
    pidNamespace: textOrNull('pidNamespace'),
    node: textOf('node'),
    version: textOf('version'),
    program: textOf('program'),
    ownFolder: textOrNull('ownFolder'),
    intervalMs: numberOf('intervalMs'),
    slowEvery: numberOf('slowEvery'),
    noStacks: textOrNull('noStacks'),
    allocator: textOf('allocator'),
    nearLimit: numberOf('nearLimit'),
    sections: checkedSections(given['sections']),
  }
}

function checkedSections(value: unknown): SectionRange[] {
  if (!Array.isArray(value) || value.length > 100) throw refused('its header has no sections')
  return SECTIONS.map(({ name }) => {
    const found = (value as unknown[]).find((section) => isObject(section) && Reflect.get(section, 'name') === name)
    const { offset, count } = (found ?? {}) as { readonly offset?: unknown; readonly count?: unknown }
    const isPlace = (number: unknown): number is number => Number.isSafeInteger(number) && (number as number) >= 0
    if (!isPlace(offset) || !isPlace(count)) throw refused(`its header has no section ${name}`)
    return { name, offset, count }
  })
}

function refused(reason: string): CacheAttributionError {
  return new CacheAttributionError('ERR_BLACK_BOX_FILE', reason)
}
