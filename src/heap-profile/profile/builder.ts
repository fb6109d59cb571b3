/**
 * Makes a profile of stacks that come one by one: equal places become one frame, equal stacks one sample.
 *
 * Rule: values of equal stacks are added up; the order of samples is that of their first coming.
 */
import type { Frame, FrameFunction, HeapProfile, SampleTable, SampleType } from './types.js'

/** Everything of a profile but its samples and frames; what is left out is unknown. */
export type ProfileFacts = Pick<HeapProfile, 'source' | 'sampleTypes'> &
  Partial<Pick<HeapProfile, 'sampleIntervalBytes' | 'takenAt' | 'durationMs' | 'mappings' | 'comments'>>

/**
 * Collects stacks into a {@link HeapProfile}.
 *
 * @example
 * const builder = new ProfileBuilder({ source: 'v8', sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] })
 * builder.add([builder.named('parse', 'app.js', 12), builder.named('main', 'app.js', 80)], [4096])
 * const profile = builder.build()
 */
export class ProfileBuilder {
  readonly #facts: ProfileFacts
  readonly #frames: Frame[] = []
  readonly #frameOf = new Map<string, number>()
  readonly #sampleOf = new Map<string, number>()
  readonly #stacks: (readonly number[])[] = []
  readonly #values: number[][] = []
  readonly #variances: number[] = []
  #hasVariances = true

  constructor(facts: ProfileFacts) {
    this.#facts = facts
  }

  /** The columns of what is added. */
  get sampleTypes(): readonly SampleType[] {
    return this.#facts.sampleTypes
  }

  /** The frame of a named place. */
  named(name: string, file: string | null = null, line: number | null = null): number {
    return this.frame({ address: null, mapping: null, functions: [{ name, linkerName: null, file, line }] })
  }

  /** The number of a frame; equal ones have the same. */
  frame(frame: Frame): number {
    const key = frameKey(frame)
    const known = this.#frameOf.get(key)
    if (known !== undefined) return known
    this.#frameOf.set(key, this.#frames.length)
    return this.#frames.push(frame) - 1
  }

  /**
   * Adds one stack, the innermost call first, with one value for each sample type, and the variance of its `inuse_space` where
   * that does not follow from them (see {@link SampleTable.variances}).
   */
  add(stack: readonly number[], values: readonly number[], variance?: number): void {
    if (variance === undefined) this.#hasVariances = false
    const key = stack.join(' ')
    const known = this.#sampleOf.get(key)
    if (known === undefined) {
      this.#sampleOf.set(key, this.#stacks.length)
      this.#stacks.push([...stack])
      this.#values.push([...values])
      this.#variances.push(variance ?? 0)
    } else {
      this.#variances[known] = (this.#variances[known] ?? 0) + (variance ?? 0)
      const sums = this.#values[known] ?? []
      this.#values[known] = sums.map((sum, column) => sum + (values[column] ?? 0))
    }
  }

  /** The profile of what was added so far. */
  build(): HeapProfile {
    const { source, sampleTypes, sampleIntervalBytes, takenAt, durationMs, mappings, comments } = this.#facts
    return {
      source,
      sampleTypes,
      sampleIntervalBytes: sampleIntervalBytes ?? null,
      takenAt: takenAt ?? null,
      durationMs: durationMs ?? null,
      samples: this.#table(sampleTypes),
      frames: [...this.#frames],
      mappings: mappings ?? [],
      threads: null,
      comments: comments ?? [],
    }
  }

  #table(sampleTypes: readonly SampleType[]): SampleTable {
    const count = this.#stacks.length
    const offsets = new Uint32Array(count + 1)
    const values = new Float64Array(count * sampleTypes.length)
    const length = this.#stacks.reduce((sum, stack) => sum + stack.length, 0)
    const frames = new Uint32Array(length)
    for (const [sample, stack] of this.#stacks.entries()) {
      frames.set(stack, offsets[sample])
      offsets[sample + 1] = (offsets[sample] ?? 0) + stack.length
      values.set((this.#values[sample] ?? []).slice(0, sampleTypes.length), sample * sampleTypes.length)
    }
    const table = { count, values, offsets, frames }
    return this.#hasVariances && count > 0 ? { ...table, variances: Float64Array.from(this.#variances) } : table
  }
}

function frameKey({ address, mapping, functions }: Frame): string {
  const calls = functions.map(({ name, linkerName, file, line }: FrameFunction) => [name, linkerName, file, line])
  return JSON.stringify([address === null ? null : address.toString(16), mapping, calls])
}
