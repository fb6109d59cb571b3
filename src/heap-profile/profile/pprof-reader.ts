/**
 * profile.proto, read in steps.
 *
 * Rule: the bytes are gone through twice: once to note where the messages stand, once to read them. What is kept is what
 * the profile says, bounded in number; an empty message costs eight bytes.
 */
import type { Steps } from '../../support/slices.js'
import { CacheAttributionError } from '../../support/errors.js'
import { ProfileBuilder } from './builder.js'
import { growingUint32 } from './columns.js'
import type { GrowingColumn } from './columns.js'
import { SAMPLE_TYPES } from './sample-types.js'
import { ProtoError, ProtoFields } from './proto-fields.js'
import type { FrameFunction, HeapProfile, Mapping, SampleType } from './types.js'

const KNOWN = SAMPLE_TYPES

/** Messages of one kind at most: some times as many as the largest services have. */
const MAX_MESSAGES = 2 ** 20
/** The kernel's own bound on mappings is 65,530 unless it is raised. */
const MAX_MAPPINGS = 100_000
/** Places in all stacks together, and of one stack. */
const MAX_PLACES = 2 ** 24
const MAX_DEPTH = 2 ** 16
/** Inlined functions of one place. */
const MAX_INLINED = 1024
/** Longest text that is kept of a string. */
const MAX_TEXT_BYTES = 2 ** 16
/** Text of all strings together. */
const MAX_STRING_BYTES = 2 ** 27
/** Fields between two places where the work may rest. */
const STRIDE = 512

/** Numbers of the fields of `Profile`. */
const SAMPLE_TYPE = 1
const SAMPLE = 2
const MAPPING = 3
const LOCATION = 4
const FUNCTION = 5
const STRING = 6
const TIME_NANOS = 9
const DURATION_NANOS = 10
const PERIOD = 12
const COMMENT = 13

/** Where the messages of one kind stand. */
class Messages {
  readonly from: GrowingColumn<Uint32Array> = growingUint32()
  readonly to: GrowingColumn<Uint32Array> = growingUint32()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  add({ from, to }: ProtoFields): void {
    if (this.from.length === this.#most) throw tooLarge(`more than ${this.#most} entries of one kind`)
    this.from.push(from)
    this.to.push(to)
  }
}

/** The tables of a profile, and what stands once in it. */
interface Parts {
  readonly tables: ReadonlyMap<number, Messages>
  readonly numbers: ReadonlyMap<number, number>
  readonly comments: readonly number[]
}

/** Reads an unpacked profile. @throws CacheAttributionError `ERR_PROFILE_FORMAT`, `ERR_PROFILE_TOO_LARGE` */
export function* readPprof(bytes: Uint8Array): Steps<HeapProfile> {
  try {
    return yield* new PprofReader(bytes).read()
  } catch (error) {
    if (error instanceof ProtoError) throw notUnderstood(error.message, error)
    throw error
  }
}

class PprofReader {
  readonly #bytes: Uint8Array
  readonly #fields: ProtoFields
  readonly #inner: ProtoFields
  #strings: { readonly from: Uint32Array; readonly to: Uint32Array } = EMPTY
  readonly #textOf = new Map<number, string>()
  #textBytes = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#fields = new ProtoFields(bytes)
    this.#inner = new ProtoFields(bytes)
  }

  *read(): Steps<HeapProfile> {
    const { tables, numbers, comments } = yield* this.#parts()
    const table = (field: number): { from: Uint32Array; to: Uint32Array } => {
      const messages = tables.get(field)
      return messages === undefined ? EMPTY : { from: messages.from.taken(), to: messages.to.taken() }
    }
    this.#strings = table(STRING)
    const columns = this.#columns(table(SAMPLE_TYPE))
    const mappings = yield* this.#list(table(MAPPING), () => this.#mapping())
    const positive = (field: number): number | null =>
      (numbers.get(field) ?? 0) > 0 ? (numbers.get(field) ?? 0) : null
    const [taken, duration] = [positive(TIME_NANOS), positive(DURATION_NANOS)]
    const builder = new ProfileBuilder({
      source: mappings.length > 0 ? 'jemalloc' : 'v8',
      sampleTypes: columns.map(({ type }) => type),
      sampleIntervalBytes: positive(PERIOD),
      takenAt: taken === null ? null : new Date(Math.min(taken / 1e6, 8.64e15)).toISOString(),
      durationMs: duration === null ? null : duration / 1e6,
      mappings: mappings.map(({ mapping }) => mapping),
      comments: comments.map((index) => this.#text(index)),
    })
    const functions = new Map(
      (yield* this.#list(table(FUNCTION), () => this.#function())).map(({ id, made }) => [id, made]),
    )
    const mappingOf = new Map(mappings.map(({ id }, index) => [id, index]))
    const frameOf = new Map<number | bigint, number>()
    yield* this.#list(table(LOCATION), () => {
      this.#location(builder, mappingOf, functions, frameOf)
    })
    yield* this.#samples(table(SAMPLE), builder, frameOf, columns)
    const profile = builder.build()
    // The format does not say whether it is a difference, whose error would be larger.
    return { ...profile, samples: { ...profile.samples, variances: null } }
  }

  *#parts(): Steps<Parts> {
    const fields = this.#fields
    const tables = new Map(
      TABLES.map((field) => [field, new Messages(field === MAPPING ? MAX_MAPPINGS : MAX_MESSAGES)]),
    )
    const numbers = new Map<number, number>()
    const comments: number[] = []
    for (let count = 1; fields.next(); count++) {
      const messages = fields.isDelimited ? tables.get(fields.field) : undefined
      if (messages !== undefined) messages.add(fields)
      else if (fields.field === COMMENT) {
        if (fields.isDelimited) comments.push(...this.#packed(MAX_COMMENTS - comments.length).map(Number))
        else if (comments.length < MAX_COMMENTS) comments.push(fields.unsigned)
      } else if (!fields.isDelimited) numbers.set(fields.field, fields.signed)
      if (count % STRIDE === 0) yield
    }
    return { tables, numbers, comments }
  }

  /** Each message of a table, read. */
  *#list<T>(table: { readonly from: Uint32Array; readonly to: Uint32Array }, read: () => T): Steps<T[]> {
    const list: T[] = []
    for (let index = 0; index < table.from.length; index++) {
      this.#fields.reset(table.from[index] ?? 0, table.to[index] ?? 0)
      list.push(read())
      if (index % STRIDE === STRIDE - 1) yield
    }
    return list
  }

  #columns(table: { readonly from: Uint32Array; readonly to: Uint32Array }): { column: number; type: SampleType }[] {
    const columns: { column: number; type: SampleType }[] = []
    for (let column = 0; column < Math.min(table.from.length, MAX_COLUMNS); column++) {
      const { type: index = 0 } = this.#numbersOf(table, column)
      const type = KNOWN.find((known) => known.type === this.#text(index))
      if (type !== undefined && !columns.some((other) => other.type === type)) columns.push({ column, type })
    }
    if (columns.length === 0) throw notUnderstood('no heap profile: it has no inuse_space or the like')
    return columns
  }

  #numbersOf(table: { readonly from: Uint32Array; readonly to: Uint32Array }, index: number): { type?: number } {
    const fields = this.#fields.reset(table.from[index] ?? 0, table.to[index] ?? 0)
    let type = 0
    while (fields.next()) if (fields.field === 1) type = fields.unsigned
    return { type }
  }

  #mapping(): { readonly id: number | bigint; readonly mapping: Mapping } {
    const fields = this.#fields
    const numbers = [0n, 0n, 0n, 0n, 0n, 0n, 0n]
    let id: number | bigint = 0
    while (fields.next()) {
      if (fields.isDelimited || fields.field >= numbers.length) continue
      if (fields.field === 1) id = fields.key
      numbers[fields.field] = fields.exact
    }
    const [, , start = 0n, end = 0n, fileOffset = 0n, file = 0n, buildId = 0n] = numbers
    const hex = this.#text(Number(buildId))
    return {
      id,
      mapping: { start, end, fileOffset, file: this.#text(Number(file)), buildId: hex === '' ? null : hex },
    }
  }

  #function(): { readonly id: number | bigint; readonly made: Omit<FrameFunction, 'line'> } {
    const fields = this.#fields
    let id: number | bigint = 0
    const texts = [0, 0, 0, 0, 0]
    while (fields.next()) {
      if (fields.isDelimited) continue
      if (fields.field === 1) id = fields.key
      else if (fields.field < texts.length) texts[fields.field] = fields.unsigned
    }
    const [name = '', linkerName = '', file = ''] = texts.slice(2).map((index) => this.#text(index))
    const isOther = linkerName !== '' && linkerName !== name
    return { id, made: { name, linkerName: isOther ? linkerName : null, file: file === '' ? null : file } }
  }

  #location(
    builder: ProfileBuilder,
    mappingOf: ReadonlyMap<number | bigint, number>,
    functions: ReadonlyMap<number | bigint, Omit<FrameFunction, 'line'>>,
    frameOf: Map<number | bigint, number>,
  ): void {
    const fields = this.#fields
    let id: number | bigint = 0
    let mapping: number | null = null
    let address = 0n
    const calls: FrameFunction[] = []
    while (fields.next()) {
      if (fields.field === 1) id = fields.key
      else if (fields.field === 2) mapping = mappingOf.get(fields.key) ?? null
      else if (fields.field === 3) address = fields.exact
      else if (fields.field === 4 && fields.isDelimited) {
        if (calls.length === MAX_INLINED) throw tooLarge(`more than ${MAX_INLINED} functions at one place`)
        calls.push(this.#line(functions))
      }
    }
    frameOf.set(id, builder.frame({ address: address === 0n ? null : address, mapping, functions: calls }))
  }

  /** The message that the field at hand holds. */
  #line(functions: ReadonlyMap<number | bigint, Omit<FrameFunction, 'line'>>): FrameFunction {
    const inner = this.#inner.reset(this.#fields.from, this.#fields.to)
    let own: Omit<FrameFunction, 'line'> | undefined
    let line = 0
    while (inner.next()) {
      if (inner.field === 1) own = functions.get(inner.key)
      else if (inner.field === 2) line = inner.signed
    }
    return { name: '', linkerName: null, file: null, ...own, line: line > 0 ? line : null }
  }

  *#samples(
    table: { readonly from: Uint32Array; readonly to: Uint32Array },
    builder: ProfileBuilder,
    frameOf: ReadonlyMap<number | bigint, number>,
    columns: readonly { readonly column: number }[],
  ): Steps<undefined> {
    let places = 0
    for (let index = 0; index < table.from.length; index++) {
      const fields = this.#fields.reset(table.from[index] ?? 0, table.to[index] ?? 0)
      const stack: (number | bigint)[] = []
      const values: number[] = []
      while (fields.next()) {
        if (fields.field === 1)
          this.#numbersInto(
            stack,
            MAX_DEPTH,
            () => this.#inner.key,
            () => fields.key,
          )
        else if (fields.field === 2)
          this.#numbersInto(
            values,
            MAX_COLUMNS,
            () => this.#inner.signed,
            () => fields.signed,
          )
      }
      if ((places += stack.length) > MAX_PLACES) throw tooLarge(`more than ${MAX_PLACES} places in its stacks`)
      const frames = stack.map((id) => frameOf.get(id) ?? -1)
      if (frames.includes(-1)) throw notUnderstood('a sample at a place that is not in it')
      if (stack.length > 0 || values.length > 0)
        builder.add(
          frames,
          columns.map(({ column }) => values[column] ?? 0),
        )
      // One stack may be as long as a whole stride of others.
      if (index % STRIDE === STRIDE - 1 || stack.length > STRIDE) yield
    }
    return undefined
  }

  /** Adds a number, or packed ones, of the field at hand. */
  #numbersInto<T>(list: T[], most: number, packed: () => T, single: () => T): void {
    const fields = this.#fields
    if (!fields.isDelimited) list.push(single())
    else {
      const inner = this.#inner.reset(fields.from, fields.to)
      while (inner.nextPacked()) {
        if (list.length === most) throw tooLarge(`more than ${most} numbers in one sample`)
        list.push(packed())
      }
    }
    if (list.length > most) throw tooLarge(`more than ${most} numbers in one sample`)
  }

  #packed(most: number): (number | bigint)[] {
    const inner = this.#inner.reset(this.#fields.from, this.#fields.to)
    const list: (number | bigint)[] = []
    while (list.length < most && inner.nextPacked()) list.push(inner.key)
    return list
  }

  /** The string of this number; `''` where there is none. */
  #text(index: number): string {
    const known = this.#textOf.get(index)
    if (known !== undefined) return known
    const from = this.#strings.from[index] ?? 0
    const to = Math.min(this.#strings.to[index] ?? 0, from + MAX_TEXT_BYTES)
    if ((this.#textBytes += to - from) > MAX_STRING_BYTES) throw tooLarge('names that are too long together')
    const text = new TextDecoder().decode(this.#bytes.subarray(from, to))
    this.#textOf.set(index, text)
    return text
  }
}

const EMPTY = { from: new Uint32Array(0), to: new Uint32Array(0) }
const TABLES = [SAMPLE_TYPE, SAMPLE, MAPPING, LOCATION, FUNCTION, STRING]
const MAX_COMMENTS = 1024
/** Values of one sample; pprof's own tools know four. */
const MAX_COLUMNS = 256

/** A text that is no profile. */
export function notUnderstood(what: string, cause?: unknown): CacheAttributionError {
  return new CacheAttributionError('ERR_PROFILE_FORMAT', `the pprof profile was not understood: ${what}`, { cause })
}

/** A text that is more than a profile may be. */
function tooLarge(what: string): CacheAttributionError {
  return new CacheAttributionError('ERR_PROFILE_TOO_LARGE', `the pprof profile has ${what}`)
}
