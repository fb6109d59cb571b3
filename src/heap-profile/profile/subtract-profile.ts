/**
 * The difference of two profiles, which is what finds slow growth: what is the same in both goes away.
 *
 * Rule: places are compared by file and offset in it, not by address, so the two may be of two runs of one program; what
 * has names alone is compared by those. Nothing is clamped: what became less is negative. How much of a stack went while as
 * much came is not known, so the error of what changed is that of both.
 */
import { CacheAttributionError } from '../../support/errors.js'
import { DEFAULT_SAMPLE_TYPE } from './columns-of.js'
import { growingFloat64, growingUint32 } from './columns.js'
import { variancesOf } from './sampling-error.js'
import { StackTable } from './stack-table.js'
import type { Frame, HeapProfile, Mapping, SampleType } from './types.js'

/**
 * `profile` minus `base`: stacks that hold more than before are positive, those that hold less negative.
 *
 * Symbolize the difference rather than the two: each file is read once then. Rows of threads are left out, since
 * numbers of threads are used again.
 *
 * @throws CacheAttributionError `ERR_PROFILE_BASE` where one is of jemalloc and the other of V8, or they have no kind of value in common
 * @example
 * const grown = subtractProfile(await readHeapProfile('late.heap'), await readHeapProfile('early.heap'))
 */
export function subtractProfile(profile: HeapProfile, base: HeapProfile): HeapProfile {
  if (profile.source !== base.source) {
    throw new CacheAttributionError(
      'ERR_PROFILE_BASE',
      `a profile of ${base.source} is no base for one of ${profile.source}`,
    )
  }
  const sampleTypes = profile.sampleTypes.filter(({ type }) => base.sampleTypes.some((other) => other.type === type))
  if (sampleTypes.length === 0) {
    throw new CacheAttributionError('ERR_PROFILE_BASE', 'the two profiles have no kind of value in common')
  }
  const difference = new Difference(sampleTypes, buildsOfBoth(profile, base))
  difference.add(profile, 1)
  difference.add(base, -1)
  return {
    ...profile,
    ...difference.result(),
    sampleTypes,
    durationMs: null,
    threads: null,
    comments: [...new Set([...profile.comments, ...base.comments])],
  }
}

/** Files of which both name the build: there the same place of another build is another place. */
function buildsOfBoth(...profiles: readonly [HeapProfile, HeapProfile]): ReadonlySet<string> {
  const [one, other] = profiles.map(({ mappings }) => {
    return new Set(mappings.flatMap(({ file, buildId }) => (buildId === null ? [] : [file])))
  })
  return new Set([...(one ?? [])].filter((file) => other?.has(file) === true))
}

/** A smaller amount is a rest of adding up doubles: estimates of equal amounts. */
const LEAST = 1e-6

class Difference {
  readonly #sampleTypes: readonly SampleType[]
  readonly #builds: ReadonlySet<string>
  readonly #frames: Frame[] = []
  readonly #frameOf = new Map<string, number>()
  readonly #mappings: Mapping[] = []
  readonly #mappingOf = new Map<string, number>()
  readonly #stacks = new StackTable()
  readonly #offsets = growingUint32()
  readonly #stackFrames = growingUint32()
  readonly #values = growingFloat64()
  readonly #variances = growingFloat64()
  /** Whether both profiles say how they were sampled. */
  #hasVariances = true

  constructor(sampleTypes: readonly SampleType[], builds: ReadonlySet<string>) {
    this.#sampleTypes = sampleTypes
    this.#builds = builds
  }

  add(profile: HeapProfile, sign: 1 | -1): void {
    const frames = this.#translate(profile)
    const columns = this.#sampleTypes.map(({ type }) => profile.sampleTypes.findIndex((own) => own.type === type))
    const { count, offsets, frames: stackFrames, values } = profile.samples
    const index = profile.sampleTypes.findIndex(({ type }) => type === DEFAULT_SAMPLE_TYPE)
    const type = profile.sampleTypes[index]
    const variances = type === undefined ? null : variancesOf(profile, { index, type })
    if (variances === null) this.#hasVariances = false
    for (let sample = 0; sample < count; sample++) {
      const stack = stackFrames.subarray(offsets[sample], offsets[sample + 1]).map((frame) => frames[frame] ?? 0)
      const number = this.#rowOf(stack)
      this.#variances.increase(number, variances?.[sample] ?? 0)
      const row = number * columns.length
      for (const [at, column] of columns.entries()) {
        this.#values.increase(row + at, sign * (values[sample * profile.sampleTypes.length + column] ?? 0))
      }
    }
  }

  /** Stacks of which nothing is left are left out. */
  result(): Pick<HeapProfile, 'samples' | 'frames' | 'mappings'> {
    const width = this.#sampleTypes.length
    const [all, from, frames] = [this.#values.taken(), this.#offsets.taken(), this.#stackFrames.taken()]
    const allVariances = this.#variances.taken()
    const values = growingFloat64()
    const variances = growingFloat64()
    const offsets = growingUint32()
    const kept = growingUint32()
    for (let sample = 0; sample < from.length; sample++) {
      const row = all.subarray(sample * width, (sample + 1) * width)
      if (row.every((value) => Math.abs(value) < LEAST)) continue
      offsets.push(kept.length)
      for (const value of row) values.push(value)
      variances.push(allVariances[sample] ?? 0)
      for (const frame of frames.subarray(from[sample], from[sample + 1])) kept.push(frame)
    }
    const count = offsets.length
    offsets.push(kept.length)
    return {
      samples: {
        count,
        values: values.taken(),
        offsets: offsets.taken(),
        frames: kept.taken(),
        variances: this.#hasVariances ? variances.taken() : null,
      },
      frames: this.#frames,
      mappings: this.#mappings,
    }
  }

  #rowOf(stack: Uint32Array): number {
    const before = this.#stacks.count
    const row = this.#stacks.numberOf(stack)
    if (this.#stacks.count > before) {
      this.#offsets.push(this.#stackFrames.length)
      for (const frame of stack) this.#stackFrames.push(frame)
      for (const _ of this.#sampleTypes) this.#values.push(0)
      this.#variances.push(0)
    }
    return row
  }

  /** Number of a frame in `profile` → its number here. */
  #translate({ frames, mappings }: HeapProfile): Uint32Array {
    const translated = mappings.map((mapping) => this.#mapping(mapping))
    return Uint32Array.from(frames, (frame) => {
      const mapping = frame.mapping === null ? null : (translated[frame.mapping] ?? null)
      const key = frameKey(frame, mappings, this.#builds)
      const known = this.#frameOf.get(key)
      if (known !== undefined) return known
      this.#frameOf.set(key, this.#frames.length)
      return this.#frames.push({ ...frame, mapping }) - 1
    })
  }

  #mapping(mapping: Mapping): number {
    const key = [mapping.file, mapping.start, mapping.end, mapping.fileOffset, mapping.buildId].join('\0')
    const known = this.#mappingOf.get(key)
    if (known !== undefined) return known
    this.#mappingOf.set(key, this.#mappings.length)
    return this.#mappings.push(mapping) - 1
  }
}

function frameKey(frame: Frame, mappings: readonly Mapping[], builds: ReadonlySet<string>): string {
  const { address, functions } = frame
  const mapping = mappings[frame.mapping ?? -1]
  if (address !== null && mapping?.file.startsWith('/') === true && !mapping.file.startsWith('//')) {
    const build = builds.has(mapping.file) ? (mapping.buildId ?? '') : ''
    return `${build}\0${mapping.file}\0${address - mapping.start + mapping.fileOffset}`
  }
  if (address !== null) return String(address)
  return JSON.stringify(functions.map(({ name, file, line }) => [name, file, line]))
}
