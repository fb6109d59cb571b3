/** The input of a flame graph's page. */
import type { SampleTypeName } from '../profile/types.js'

/** The boxes as columns: node 0 is the whole, parents stand before their children. */
export interface FlamegraphNodes {
  readonly names: readonly string[]
  readonly total: number
  /** Index into `names`. */
  readonly name: readonly number[]
  /** −1 for the whole. */
  readonly parent: readonly number[]
  /** Sum of the amounts below: in a difference of what became more and what became less. */
  readonly width: readonly number[]
  readonly self: readonly number[]
  readonly value: readonly number[]
  /** The variance of `value`, from sampling; null where the profile does not say how it was sampled. */
  readonly variance: readonly number[] | null
}

/** A line of a function. */
export interface NameLine {
  /** From 1. */
  readonly line: number
  /** Whether the function begins there: objects of V8's heap have no line of a call. */
  readonly isBegin: boolean
  /** Of all stacks that go through it. */
  readonly amount: number
  /** The text of it; null where that is not known. */
  readonly source: string | null
}

/** The whole of it, as JSON in the page. */
export interface FlamegraphData extends FlamegraphNodes {
  readonly title: string
  readonly type: SampleTypeName
  readonly unit: 'bytes' | 'objects'
  readonly comments: readonly string[]
  readonly sampleIntervalBytes: number | null
  /** ISO 8601. */
  readonly takenAt: string | null
  readonly difference: boolean
  /** Of each name what it is of: native code, JavaScript, objects of V8's heap. */
  readonly kinds: readonly ('native' | 'script' | 'objects')[]
  /** Of each name its lines with most; empty where no line is known. */
  readonly lines: readonly (readonly NameLine[])[]
}
