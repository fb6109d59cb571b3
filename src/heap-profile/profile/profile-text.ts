/**
 * The lines of a `heap_v2` text, one after the other, into columns.
 *
 *     --- symbol … ---                                names, where it was symbolized already (symbol-section.ts)
 *     heap_v2/524288                                  mean bytes between samples
 *       t*: 28106: 56637512 [0: 0]                    all threads: objects: bytes [objects ever: bytes ever]
 *       t0: 352: 16777344 [0: 0] worker               one thread, with its name if it has one
 *     @ 0x5f86da8 0x5f5a1dc 0x29e4d4e                 a stack, innermost call first, and its rows
 *       t*: 13: 6688 [0: 0]
 *       t0: 13: 6688 [0: 0]
 *     MAPPED_LIBRARIES:                               then /proc/self/maps
 */
import { CacheAttributionError, describe } from '../../support/errors.js'
import { printable } from '../../support/units.js'
import type { Steps } from '../../support/slices.js'
import { PairTable } from './pair-table.js'
import { LineCursor } from './line-cursor.js'
import { LineSplitter, MAX_LINE_BYTES } from './line-splitter.js'
import { growingFloat64, growingUint32 } from './columns.js'
import { withJavaScript } from './javascript-frames.js'
import { isToken, JavaScriptNames } from './javascript-names.js'
import { headerHint, quotedRemaining } from './header-hint.js'
import { MappedFiles, mappingAt } from './mapped-files.js'
import type { Frame, HeapProfile, Mapping } from './types.js'
import { remarksOnAddresses, remarksOnJavaScript } from './remarks.js'
import { SAMPLE_TYPES } from './sample-types.js'
import { SymbolSection } from './symbol-section.js'
import { narrowed, ThreadRows } from './thread-rows.js'
import { unbiasFactor } from './unbias.js'

/** The options of {@link ProfileText}. */
export interface ProfileTextOptions {
  readonly threads: boolean
  readonly truncated: 'refuse' | 'keep'
  readonly maxBytes: number
}

/** Values of a row. */
const WIDTH = 4

/** Distinct addresses at most: each becomes a frame. The largest programs have a tenth of it. */
const MAX_ADDRESSES = 1 << 20

/** Addresses between two places where the work may rest. */
const STRIDE = 4096

const AT = 0x40
const ASTERISK = 0x2a
const COLON = 0x3a
const BRACKET_OPEN = 0x5b
const BRACKET_CLOSE = 0x5d
const LETTER_T = 0x74
const LETTER_M = 0x4d
const DASH = 0x2d
const PERCENT = 0x25
const HASH = 0x23

/** Which lines may come: names, the first of the profile, the sums before the stacks, a stack and its rows, /proc/self/maps. */
type Part = 'symbols' | 'header' | 'sums' | 'stacks' | 'mappings'

/** Takes a text piece by piece, gives the profile at its end. */
export class ProfileText {
  readonly #options: ProfileTextOptions
  readonly #cursor = new LineCursor()
  readonly #addresses = new PairTable()
  readonly #frames = growingUint32()
  readonly #offsets = growingUint32()
  readonly #values = growingFloat64()
  readonly #mapped = new MappedFiles()
  readonly #javaScript = new JavaScriptNames()
  readonly #threads: ThreadRows
  /** The four values of the row that was read last. */
  readonly #row = new Float64Array(WIDTH)
  #part: Part = 'header'
  #intervalBytes = 0
  /** Whether the stack that was read last has had its row of all threads. */
  #hasRow = true
  #line = 0
  #length = 0
  readonly #symbols = new SymbolSection()
  readonly #lines = new LineSplitter(
    (bytes, from, to) => {
      this.#readLine(bytes, from, to)
    },
    () => {
      this.#line++
      return this.#refusal(`the line is longer than ${MAX_LINE_BYTES} bytes`)
    },
  )

  constructor(options: ProfileTextOptions) {
    this.#options = options
    this.#threads = new ThreadRows(WIDTH)
  }

  /** Takes the next piece; keeps no reference to it. */
  push(piece: Uint8Array): void {
    if (!(piece instanceof Uint8Array)) {
      throw new CacheAttributionError('ERR_OPTION_TYPE', `a piece of a profile must be bytes, got ${describe(piece)}`)
    }
    this.#length += piece.length
    if (this.#length > this.#options.maxBytes) {
      throw new CacheAttributionError(
        'ERR_PROFILE_TOO_LARGE',
        `the profile has more than ${this.#options.maxBytes} bytes`,
      )
    }
    this.#lines.push(piece)
  }

  /** The profile, when everything has been pushed. */
  *end(): Steps<HeapProfile> {
    const comments: string[] = []
    const cut = this.#whyCut()
    if (cut !== undefined) {
      if (this.#options.truncated === 'refuse' || this.#part === 'header' || this.#part === 'symbols') {
        throw new CacheAttributionError('ERR_PROFILE_TRUNCATED', `the profile ends too early: ${cut}`)
      }
      this.#dropUnfinished()
      comments.push(`The text of this profile ends too early (${cut}): what came after is missing.`)
    }
    return yield* this.#profile(comments)
  }

  #readLine(bytes: Uint8Array, from: number, to: number): void {
    this.#line++
    this.#cursor.set(bytes, from, to)
    if (this.#cursor.done) return
    if (this.#part === 'mappings') this.#readMapping()
    else if (this.#part === 'header') this.#readHeader()
    else if (this.#part === 'symbols') this.#readSymbol()
    else this.#readEntry()
  }

  #readHeader(): void {
    const cursor = this.#cursor
    // Comments of tools that handed the text on.
    if (cursor.next === PERCENT) return
    if (cursor.next === DASH && this.#readMarker()) return
    const interval = cursor.takeText('heap_v2/') ? cursor.decimal() : -1
    if (!cursor.done || interval < 1) throw this.#refusal(headerHint(cursor))
    this.#intervalBytes = interval
    this.#part = 'sums'
  }

  /** The line between two sections of a text that was symbolized where it was taken. */
  #readMarker(): boolean {
    const marker = this.#cursor.remaining()
    if (/^--- *symbol$/.test(marker)) this.#part = 'symbols'
    else if (!/^--- *heap$/.test(marker)) return false
    return true
  }

  #readSymbol(): void {
    const line = this.#cursor.remaining()
    if (line.startsWith('---')) this.#part = 'header'
    if (line === '---') return
    const isUnderstood = this.#part === 'header' ? this.#readMarker() : this.#symbols.add(line)
    if (!isUnderstood) throw this.#refusal(`expected an address and its name, got ${describe(line)}`)
  }

  #readEntry(): void {
    const cursor = this.#cursor
    const first = cursor.next
    if (first === LETTER_T) this.#readRow()
    else if (first === AT) this.#readStack()
    else if (first === LETTER_M && cursor.takeText('MAPPED_LIBRARIES:') && cursor.done) this.#endStacks()
    else throw this.#refusal(`expected a stack, a row or the mapped libraries, got ${quotedRemaining(cursor)}`)
  }

  #endStacks(): void {
    if (!this.#hasRow) throw this.#refusal('the last stack has no row for all threads')
    this.#part = 'mappings'
  }

  #readMapping(): void {
    const line = this.#cursor.remaining()
    if (this.#cursor.next === HASH && (this.#mapped.note(line) || this.#javaScript.note(line))) return
    this.#mapped.add(line, `line ${this.#line}`)
  }

  #readStack(): void {
    if (!this.#hasRow) throw this.#refusal('the stack before this one has no row for all threads')
    this.#part = 'stacks'
    this.#hasRow = false
    this.#offsets.push(this.#frames.length)
    const cursor = this.#cursor
    cursor.at++
    for (let index = 0; ; index++) {
      cursor.blanks()
      if (cursor.done) return
      if (!cursor.address())
        throw this.#refusal(`expected an address of at most 64 bits, got ${quotedRemaining(cursor)}`)
      let { high, low } = cursor
      // A return address: the call is before it. The innermost is where the allocator itself stood.
      if (index > 0 && (high !== 0 || low !== 0) && !isToken(high)) {
        if (low === 0) high--
        low = (low - 1) >>> 0
      }
      this.#frames.push(this.#addresses.numberOf(high, low))
      if (this.#addresses.count > MAX_ADDRESSES) {
        throw new CacheAttributionError('ERR_PROFILE_TOO_LARGE', `the profile has more than ${MAX_ADDRESSES} addresses`)
      }
    }
  }

  #readRow(): void {
    const cursor = this.#cursor
    cursor.at++
    const all = cursor.take(ASTERISK)
    const thread = all ? -1 : cursor.decimal()
    const row = this.#row
    row[0] = cursor.take(COLON) ? cursor.decimal() : -1
    row[1] = cursor.take(COLON) ? cursor.decimal() : -1
    row[2] = cursor.take(BRACKET_OPEN) ? cursor.decimal() : -1
    row[3] = cursor.take(COLON) ? cursor.decimal() : -1
    if (!cursor.take(BRACKET_CLOSE) || (!all && thread < 0) || row.some((value) => value < 0)) {
      throw this.#refusal('expected a row like "t0: 1: 4096 [0: 0]"')
    }
    if (this.#part === 'sums') this.#nameThread(thread)
    else this.#takeRow(thread)
  }

  #nameThread(thread: number): void {
    this.#cursor.blanks()
    if (thread >= 0 && this.#options.threads) this.#threads.name(thread, printable(this.#cursor.remaining(), 100))
  }

  #takeRow(thread: number): void {
    if (!this.#cursor.done) throw this.#refusal(`expected the end of the row, got ${quotedRemaining(this.#cursor)}`)
    this.#unbias(0)
    this.#unbias(2)
    if (thread >= 0) {
      if (!this.#hasRow) throw this.#refusal('the row of a thread stands before that of all threads')
      if (this.#options.threads) this.#threads.add(thread, this.#offsets.length - 1, this.#row)
    } else {
      if (this.#hasRow) throw this.#refusal('a second row for all threads of one stack')
      this.#hasRow = true
      for (const value of this.#row) this.#values.push(value)
    }
  }

  /** Makes an estimate of the objects and bytes in these two columns of the row. */
  #unbias(column: number): void {
    const objects = this.#row[column] ?? 0
    const bytes = this.#row[column + 1] ?? 0
    if (objects === 0 && bytes === 0) return
    if (objects > 0 && bytes === 0) throw this.#refusal(`${objects} objects of no bytes`)
    const factor = unbiasFactor(objects, bytes, this.#intervalBytes)
    if (!(Math.max(objects, bytes) * factor <= Number.MAX_SAFE_INTEGER)) {
      throw this.#refusal('a row stands for more than 2^53 objects or bytes')
    }
    this.#row[column] = objects * factor
    this.#row[column + 1] = bytes * factor
  }

  /** Why the text is not a whole one; undefined if it is. */
  #whyCut(): string | undefined {
    if (this.#length === 0) return 'it is empty'
    if (this.#lines.isInsideLine) return `in the middle of line ${this.#line + 1}`
    if (this.#part !== 'mappings') return `after line ${this.#line}, without its mapped libraries`
    return undefined
  }

  /** Leaves out a stack that was cut off before its row. Rows of its threads cannot have come before it. */
  #dropUnfinished(): void {
    if (this.#hasRow) return
    this.#frames.truncate(this.#offsets.pop())
  }

  *#profile(comments: string[]): Steps<HeapProfile> {
    const count = this.#offsets.length
    this.#offsets.push(this.#frames.length)
    const offsets = this.#offsets.taken()
    const mappings = this.#mapped.sorted()
    const values = this.#values.taken()
    // Without prof_accum the other columns are no measurement at all.
    const width = hasAccumulated(values) ? WIDTH : WIDTH / 2
    const addresses = yield* this.#namedFrames(mappings)
    const samples = { count, values: narrowed(values, WIDTH, width), offsets, frames: this.#frames.taken() }
    const threads = this.#options.threads ? this.#threads.table(width) : null
    const stacks = withJavaScript({ frames: addresses, samples, threads }, this.#javaScript, width)
    return {
      source: 'jemalloc',
      sampleTypes: SAMPLE_TYPES.slice(0, width),
      sampleIntervalBytes: this.#intervalBytes,
      takenAt: null,
      durationMs: null,
      ...stacks,
      mappings,
      comments: [
        ...comments,
        ...remarksOnAddresses(count, addresses, mappings),
        ...remarksOnJavaScript(count, addresses, this.#javaScript),
      ],
    }
  }

  *#namedFrames(mappings: readonly Mapping[]): Steps<Frame[]> {
    const frames: Frame[] = []
    for (let index = 0; index < this.#addresses.count; index++) {
      const address = (BigInt(this.#addresses.highOf(index)) << 32n) | BigInt(this.#addresses.lowOf(index))
      const functions = this.#symbols.functionsAt(address)
      frames.push({ address, mapping: mappingAt(mappings, address), functions })
      if (index % STRIDE === STRIDE - 1 || functions.length > 0) yield
    }
    return frames
  }

  #refusal(what: string): CacheAttributionError {
    return new CacheAttributionError('ERR_PROFILE_FORMAT', `line ${this.#line} of the profile: ${what}`)
  }
}

function hasAccumulated(values: Float64Array): boolean {
  for (let index = WIDTH / 2; index < values.length; index += WIDTH) {
    if (values[index] !== 0 || values[index + 1] !== 0) return true
  }
  return false
}
