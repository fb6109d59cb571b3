/** The tables of profile.proto: strings, functions, locations, mappings, and what stands once in a profile. */
import type * as PprofFormat from 'pprof-format'
import { printable } from '../../support/units.js'
import type { FrameFunction, HeapProfile, SampleTypeName } from '../profile/types.js'

/** Go's order, and the parts of a profile of all memory before their sum, which comes last as Go's default does. */
const ORDER: readonly SampleTypeName[] = [
  'alloc_objects',
  'alloc_space',
  'temporary_objects',
  'temporary_space',
  'native_space',
  'heap_space',
  'inuse_objects',
  'inuse_space',
]

/** Longest name in the file. */
const MAX_NAME_LENGTH = 4_000

/** Tables of one profile. Locations have the number of their frame + 1, mappings theirs + 1. */
export class PprofTables {
  /** Columns of the profile in the order of the file. */
  readonly columns: readonly number[]
  readonly #profile: HeapProfile
  readonly #format: typeof PprofFormat
  readonly #strings: PprofFormat.StringTable
  readonly #functions: PprofFormat.FunctionInput[] = []
  readonly #functionOf = new Map<string, number>()

  constructor(profile: HeapProfile, format: typeof PprofFormat) {
    this.#profile = profile
    this.#format = format
    this.#strings = new format.StringTable()
    this.columns = ORDER.map((name) => profile.sampleTypes.findIndex(({ type }) => type === name)).filter(
      (column) => column !== -1,
    )
  }

  /** Labels of a row of this thread. */
  labels(thread: number): PprofFormat.LabelInput[] {
    const { id = 0, name = null } = this.#profile.threads?.list[thread] ?? {}
    return [
      { key: this.#text('thread'), str: this.#text(name ?? `t${id}`) },
      { key: this.#text('thread_id'), num: id },
    ]
  }

  /** Everything but the samples, encoded. */
  encode(type: SampleTypeName): Uint8Array {
    const { sampleTypes, sampleIntervalBytes, takenAt, durationMs, comments } = this.#profile
    const location = this.#locations()
    const profile = {
      sampleType: this.columns.map((column) => {
        const sampleType = sampleTypes[column]
        return { type: this.#text(sampleType?.type ?? ''), unit: this.#text(sampleType?.unit ?? '') }
      }),
      mapping: this.#mappings(),
      location,
      function: this.#functions,
      periodType: { type: this.#text('space'), unit: this.#text('bytes') },
      comment: comments.map((comment) => this.#text(comment)),
      defaultSampleType: this.#text(type),
      stringTable: this.#strings,
      ...(sampleIntervalBytes === null ? {} : { period: sampleIntervalBytes }),
      ...(takenAt === null ? {} : { timeNanos: BigInt(Date.parse(takenAt)) * 1_000_000n }),
      ...(durationMs === null ? {} : { durationNanos: BigInt(Math.round(durationMs)) * 1_000_000n }),
    }
    return new this.#format.Profile(profile).encode()
  }

  #locations(): PprofFormat.LocationInput[] {
    return this.#profile.frames.map(({ address, mapping, functions }, index) => ({
      id: index + 1,
      ...(address === null ? {} : { address }),
      ...(mapping === null ? {} : { mappingId: mapping + 1 }),
      line: functions.map((own) => ({
        functionId: this.#function(own),
        ...(own.line === null ? {} : { line: own.line }),
      })),
    }))
  }

  #mappings(): PprofFormat.MappingInput[] {
    const { mappings, frames } = this.#profile
    const named = mappings.map(() => ({ functions: false, files: false, inlined: false }))
    for (const { mapping, functions } of frames) {
      const known = named[mapping ?? -1]
      if (known === undefined || functions.length === 0) continue
      known.functions = true
      known.files ||= functions.some(({ file }) => file !== null)
      known.inlined ||= functions.length > 1
    }
    return mappings.map(({ start, end, fileOffset, file, buildId }, index) => ({
      id: index + 1,
      memoryStart: start,
      memoryLimit: end,
      fileOffset,
      filename: this.#text(file),
      ...(buildId === null ? {} : { buildId: this.#text(buildId) }),
      hasFunctions: named[index]?.functions ?? false,
      hasFilenames: named[index]?.files ?? false,
      hasLineNumbers: named[index]?.files ?? false,
      hasInlineFrames: named[index]?.inlined ?? false,
    }))
  }

  #function({ name, linkerName, file }: FrameFunction): number {
    const key = `${name}\0${linkerName ?? ''}\0${file ?? ''}`
    const known = this.#functionOf.get(key)
    if (known !== undefined) return known
    const id = this.#functions.length + 1
    this.#functions.push({
      id,
      name: this.#text(name),
      systemName: this.#text(linkerName ?? name),
      ...(file === null ? {} : { filename: this.#text(file) }),
    })
    this.#functionOf.set(key, id)
    return id
  }

  /** Number of a text in the table of strings; control characters would reach a terminal. */
  #text(text: string): number {
    return this.#strings.dedup(printable(text, MAX_NAME_LENGTH))
  }
}
