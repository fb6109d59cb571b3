/**
 * The records of a black box, as native/black-box-layout.h has them.
 *
 * Rule: a record whose checksum is wrong was cut off in the middle, or is of nobody: it is left out. Unknown is null.
 */
import { checksum } from './checksum.js'
import { eventKindOf } from './event-kinds.js'
import type { EventKind } from './event-kinds.js'
import { SECTIONS } from './layout.js'
import type { SectionName, SectionRange } from './layout.js'

/** Figures of a tick in their order. */
const FIGURES = [
  'wallMs',
  'monoMs',
  'rssBytes',
  'usageBytes',
  'limitBytes',
  'workingSetBytes',
  'highEvents',
  'maxEvents',
  'oomEvents',
  'killEvents',
  'pressureSome',
  'pressureFull',
  'availableBytes',
  'allocatedBytes',
  'activeBytes',
  'residentBytes',
  'mappedBytes',
  'heapUsedBytes',
  'heapTotalBytes',
  'heapLimitBytes',
  'externalBytes',
  'heapAtMs',
  'sinceLoopMs',
  'mainCpuMs',
  'processCpuMs',
  'ownCpuMs',
  'gcMs',
  'inGcMs',
  'near',
] as const

type Figure = (typeof FIGURES)[number]

/** One reading of everything. Times are milliseconds; a figure that was not known is null. */
export interface BoxTick extends Readonly<Record<Exclude<Figure, 'wallMs' | 'monoMs'>, number | null>> {
  readonly sequence: number
  /** Since 1970. */
  readonly wallMs: number
  /** Of the monotonic clock, as those of stacks and sizes. */
  readonly monoMs: number
  /** The sequence of the newest stack, 0 for none. */
  readonly stack: number
}

/** A stack of JavaScript: numbers of frames, innermost first. */
export interface StackRecord {
  readonly sequence: number
  readonly monoMs: number
  readonly frames: readonly number[]
}

/** A call of a stack. */
export interface FrameRecord {
  /** Empty for an anonymous function. */
  readonly function: string
  readonly script: string
  readonly line: number
  readonly column: number
}

/** What a cache said of itself. */
export interface SizeRecord {
  readonly sequence: number
  readonly monoMs: number
  /** The number of its name. */
  readonly number: number
  readonly entries: number | null
  readonly claimedBytes: number | null
  readonly estimatedBytes: number | null
  readonly uncertaintyBytes: number | null
}

/** Something that happened. */
export interface EventRecord {
  readonly kind: EventKind
  readonly wallMs: number
  readonly first: number | null
  readonly second: number | null
  readonly text: string
}

/** The latest report, as UTF-8, or the latest heap profile, compressed. */
export interface PartRecord {
  readonly wallMs: number
  readonly bytes: Uint8Array
}

/** The mark of an end in order. */
export interface EndRecord {
  /** 1: the box was closed; 2: the process ended with `code`. */
  readonly state: number
  readonly code: number
  readonly wallMs: number
}

/** Reads sections of a file. */
export class RecordReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #ranges: ReadonlyMap<SectionName, SectionRange>

  constructor(bytes: Uint8Array, ranges: readonly SectionRange[]) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#ranges = new Map(ranges.map((range) => [range.name, range]))
  }

  ticks(section: 'ticks' | 'slowTicks'): BoxTick[] {
    return this.#inOrder(section, (at, sequence) => {
      const figures = Object.fromEntries(FIGURES.map((name, index) => [name, this.#number(at + 8 + 8 * index)]))
      const stack = this.#whole(at + 8 + 8 * FIGURES.length)
      return { ...(figures as Record<Figure, number>), sequence, stack } satisfies BoxTick
    }).filter(({ wallMs, monoMs }) => isTime(wallMs) && isTime(monoMs))
  }

  stacks(): StackRecord[] {
    return this.#inOrder('stacks', (at, sequence) => ({
      sequence,
      monoMs: this.#view.getFloat64(at + 8, true),
      frames: Array.from({ length: 11 }, (_, index) => this.#view.getUint32(at + 16 + 4 * index, true)).filter(
        (frame) => frame !== 0,
      ),
    }))
  }

  frames(): Map<number, FrameRecord> {
    const found = new Map<number, FrameRecord>()
    for (const at of this.#places('frames')) {
      const number = this.#view.getUint32(at, true)
      if (number === 0) continue
      found.set(number, {
        function: this.#text(at + 24, Math.min(80, this.#view.getUint16(at + 20, true))),
        script: this.#text(at + 104, Math.min(148, this.#view.getUint16(at + 22, true))),
        line: this.#view.getUint32(at + 4, true),
        column: this.#view.getUint32(at + 8, true),
      })
    }
    return found
  }

  names(): Map<number, string> {
    const found = new Map<number, string>()
    for (const at of this.#places('names')) {
      const number = this.#view.getUint32(at, true)
      if (number !== 0) found.set(number, this.#text(at + 8, Math.min(240, this.#view.getUint32(at + 4, true))))
    }
    return found
  }

  sizes(section: 'sizes' | 'slowSizes'): SizeRecord[] {
    return this.#inOrder(section, (at, sequence) => ({
      sequence,
      monoMs: this.#view.getFloat64(at + 8, true),
      entries: this.#number(at + 16),
      claimedBytes: this.#number(at + 24),
      estimatedBytes: this.#number(at + 32),
      uncertaintyBytes: this.#number(at + 40),
      number: this.#view.getUint32(at + 48, true),
    })).filter(({ monoMs }) => isTime(monoMs))
  }

  events(): EventRecord[] {
    return this.#inOrder('events', (at) => ({
      wallMs: this.#view.getFloat64(at + 8, true),
      first: this.#number(at + 16),
      second: this.#number(at + 24),
      kind: eventKindOf(this.#view.getUint32(at + 32, true)),
      text: this.#text(at + 40, Math.min(208, this.#view.getUint32(at + 36, true))),
    })).filter((event): event is EventRecord => event.kind !== null && isTime(event.wallMs))
  }

  end(): EndRecord | null {
    for (const at of this.#places('end')) {
      if (this.#whole(at) === 0) continue
      const wallMs = this.#view.getFloat64(at + 8, true)
      if (!isTime(wallMs)) continue
      return { wallMs, code: this.#view.getInt32(at + 16, true), state: this.#view.getUint32(at + 20, true) }
    }
    return null
  }

  /** The newer of two places that are whole. */
  part(section: 'report' | 'profile'): PartRecord | null {
    const { offset, count } = this.#range(section)
    let newest: (PartRecord & { readonly sequence: number }) | null = null
    for (const at of [offset, offset + count]) {
      if (!this.#isWithin(at, count) || count < 32 || !this.#isWhole(at, 32)) continue
      const [sequence, length] = [this.#whole(at), this.#view.getUint32(at + 16, true)]
      if (sequence === 0 || length > count - 32 || sequence <= (newest?.sequence ?? 0)) continue
      if (checksum(this.#bytes, at + 32, length) !== this.#view.getUint32(at + 20, true)) continue
      const wallMs = this.#view.getFloat64(at + 8, true)
      newest = { sequence, wallMs, bytes: this.#bytes.subarray(at + 32, at + 32 + length) }
    }
    return newest
  }

  /** Records of a ring, the oldest first. */
  #inOrder<T>(section: SectionName, read: (at: number, sequence: number) => T): T[] {
    const found: { readonly sequence: number; readonly record: T }[] = []
    for (const at of this.#places(section)) {
      const sequence = this.#whole(at)
      if (sequence > 0) found.push({ sequence, record: read(at, sequence) })
    }
    return found.sort((a, b) => a.sequence - b.sequence).map(({ record }) => record)
  }

  /** Where the whole records of a section begin. */
  *#places(section: SectionName): Generator<number> {
    const { offset, count } = this.#range(section)
    const size = SECTIONS.find(({ name }) => name === section)?.recordBytes ?? 1
    for (let index = 0; index < count; index++) {
      const at = offset + index * size
      if (!this.#isWithin(at, size)) return
      if (this.#isWhole(at, size)) yield at
    }
  }

  #range(section: SectionName): SectionRange {
    return this.#ranges.get(section) ?? { name: section, offset: 0, count: 0 }
  }

  #isWithin(at: number, length: number): boolean {
    return at + length <= this.#bytes.length
  }

  #isWhole(at: number, size: number): boolean {
    return checksum(this.#bytes, at, size - 4) === this.#view.getUint32(at + size - 4, true)
  }

  #number(at: number): number | null {
    const number = this.#view.getFloat64(at, true)
    return Number.isFinite(number) ? number : null
  }

  #whole(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32
  }

  #text(at: number, length: number): string {
    return new TextDecoder().decode(this.#bytes.subarray(at, at + length))
  }
}

/** What a checksum let through by chance, or by intent, is no time. */
function isTime(ms: number | null): boolean {
  return ms !== null && ms >= 0 && ms < 1e14
}
