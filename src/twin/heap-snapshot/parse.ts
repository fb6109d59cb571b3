/**
 * Parser of V8's heap snapshots (the JSON that DevTools opens), chunk by chunk. Pure.
 *
 * Rule: the text is never held: each byte is looked at once, numbers go into columns as they end. Only the `snapshot`
 * object at the front, which says what the fields are, goes through JSON.parse. Sections that are not needed are passed
 * over. What does not look as expected is refused with `ERR_HEAP_SNAPSHOT_FORMAT`, never guessed.
 */
import { SnapshotColumns } from './columns.js'
import { StringTable } from './graph.js'
import type { HeapGraph } from './graph.js'
import { layoutOf, malformed } from './layout.js'
import type { SnapshotLayout } from './layout.js'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const ZERO = 0x30
const NINE = 0x39

/** `\b`, `\f`, `\n`, `\r`, `\t`; any other escaped character is itself. */
const ESCAPED: Readonly<Record<number, number>> = { 0x62: 0x08, 0x66: 0x0c, 0x6e: 0x0a, 0x72: 0x0d, 0x74: 0x09 }

/** A name is cut to this many bytes. */
const TEXT_BYTES_MAX = 160
const META_BYTES_MAX = 1 << 20

/**
 * Where the parser stands: between the members of the whole, in a member's name, in the `snapshot` object, in the two
 * sections of numbers, in `strings` between its texts or in one of them, in a member that is not needed, behind it all.
 */
type State = 'between' | 'key' | 'meta' | 'nodes' | 'edges' | 'strings' | 'text' | 'skipped' | 'end'

/** Takes the snapshot in pieces, as they come; {@link SnapshotParser.finish} gives the graph. */
export class SnapshotParser {
  #state: State = 'between'
  #depth = 0
  #inString = false
  #isEscaped = false
  #key = ''
  #meta: number[] = []
  #layout: SnapshotLayout | undefined
  #columns: SnapshotColumns | undefined
  #number = 0
  #isNumber = false
  readonly #text = new Uint8Array(TEXT_BYTES_MAX)
  #textLength = 0
  /** Digits of a \u escape still to come. */
  #hexLeft = 0
  #hex = 0
  readonly #strings = new StringTable()

  /** @throws CacheAttributionError `ERR_HEAP_SNAPSHOT_FORMAT` */
  write(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#state === 'nodes' || this.#state === 'edges') at = this.#numbers(chunk, at)
      else if (this.#state === 'text') at = this.#textBytes(chunk, at)
      else this.#byte(chunk[at++] ?? 0)
    }
  }

  /** @throws CacheAttributionError `ERR_HEAP_SNAPSHOT_FORMAT` */
  finish(): HeapGraph {
    if (this.#state !== 'end' || this.#columns === undefined || this.#layout === undefined) {
      throw malformed('it ends too early')
    }
    return this.#columns.graph(this.#layout, this.#strings)
  }

  #byte(byte: number): void {
    switch (this.#state) {
      case 'between':
        if (byte === QUOTE) this.#begin('key')
        else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#openMember(byte)
        else if (byte === CLOSE_BRACE) this.#state = 'end'
        return
      case 'key':
        if (byte === QUOTE) this.#state = 'between'
        else this.#key += String.fromCharCode(byte)
        return
      case 'meta':
        this.#meta.push(byte)
        if (this.#meta.length > META_BYTES_MAX) throw malformed('its description is too long')
        if (this.#nested(byte)) this.#readMeta()
        return
      case 'strings':
        if (byte === QUOTE) this.#begin('text')
        else if (byte === CLOSE_BRACKET) this.#state = 'between'
        return
      case 'skipped':
        if (this.#nested(byte)) this.#state = 'between'
        return
      default:
    }
  }

  #begin(state: 'key' | 'text'): void {
    this.#state = state
    this.#key = ''
    this.#textLength = 0
    this.#isEscaped = false
    this.#hexLeft = 0
  }

  #openMember(byte: number): void {
    // The brace of the whole comes before any key.
    if (this.#key === '') return
    const isArray = byte === OPEN_BRACKET
    this.#depth = 1
    this.#inString = this.#isEscaped = false
    if (this.#key === 'snapshot' && !isArray) {
      this.#meta = [byte]
      this.#state = 'meta'
    } else if (isArray && (this.#key === 'nodes' || this.#key === 'edges')) {
      this.#number = 0
      this.#isNumber = false
      this.#state = this.#key
      this.#columns?.begin(this.#key)
    } else this.#state = isArray && this.#key === 'strings' ? 'strings' : 'skipped'
  }

  /** Follows nested JSON; true at its end. */
  #nested(byte: number): boolean {
    if (this.#inString) {
      if (this.#isEscaped) this.#isEscaped = false
      else if (byte === BACKSLASH) this.#isEscaped = true
      else if (byte === QUOTE) this.#inString = false
      return false
    }
    if (byte === QUOTE) this.#inString = true
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth++
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#depth--
    return this.#depth === 0
  }

  #readMeta(): void {
    this.#layout = layoutOf(Buffer.from(this.#meta).toString('latin1'))
    this.#columns = new SnapshotColumns(this.#layout)
    this.#meta = []
    this.#state = 'between'
  }

  /** The hot loop: nearly all of a snapshot is numbers and commas. */
  #numbers(chunk: Uint8Array, from: number): number {
    const columns = this.#columns
    if (columns === undefined) throw malformed('its description does not come first')
    let number = this.#number
    let isNumber = this.#isNumber
    let at = from
    for (; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (byte >= ZERO && byte <= NINE) {
        number = number * 10 + byte - ZERO
        isNumber = true
      } else {
        if (isNumber) columns.push(number)
        number = 0
        isNumber = false
        if (byte === CLOSE_BRACKET) {
          this.#state = 'between'
          at++
          break
        }
        if (byte === MINUS) throw malformed('a number is negative')
      }
    }
    this.#number = number
    this.#isNumber = isNumber
    return at
  }

  /** One text: escapes are undone as far as they are plain, all else is UTF-8 already. */
  #textBytes(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0
      if (this.#hexLeft > 0) {
        this.#hex = this.#hex * 16 + Number.parseInt(String.fromCharCode(byte), 16)
        if (--this.#hexLeft === 0) this.#keepCharacter(this.#hex)
      } else if (this.#isEscaped) {
        this.#isEscaped = false
        if (byte === 0x75) {
          this.#hexLeft = 4
          this.#hex = 0
        } else this.#keep(ESCAPED[byte] ?? byte)
      } else if (byte === BACKSLASH) this.#isEscaped = true
      else if (byte === QUOTE) {
        this.#strings.add(this.#text, this.#textLength)
        this.#state = 'strings'
        return at + 1
      } else this.#keep(byte)
    }
    return chunk.length
  }

  #keep(byte: number): void {
    if (this.#textLength < TEXT_BYTES_MAX) this.#text[this.#textLength++] = byte
  }

  /** A character of the basic plane, as UTF-8; surrogates, which are no characters alone, are shown as `?`. */
  #keepCharacter(code: number): void {
    if (this.#textLength > TEXT_BYTES_MAX - 3) return
    const character = code >= 0xd800 && code <= 0xdfff ? 0x3f : code
    if (character < 0x80) this.#keep(character)
    else if (character < 0x800) {
      this.#keep(0xc0 | (character >> 6))
      this.#keep(0x80 | (character & 0x3f))
    } else {
      this.#keep(0xe0 | (character >> 12))
      this.#keep(0x80 | ((character >> 6) & 0x3f))
      this.#keep(0x80 | (character & 0x3f))
    }
  }
}
