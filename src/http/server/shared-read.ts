/**
 * A costly reading that requests share: what many ask at once is read once, and what was read lately is given out again.
 *
 * Rule: however often it is asked for, reading takes a bounded share of this process's time. A reader that gets an older value
 * is told its age.
 */

/** The input of a reader. */
export interface SharedValue<T> {
  readonly value: T
  /** Milliseconds since its reading ended. */
  readonly ageMs: number
}

/** How long a value is good. */
export interface Lifetime {
  /** At least this many milliseconds. */
  readonly leastMs: number
  /** Or this many times the duration of the reading: with 20, readings take at most a twenty-first of the time. */
  readonly timesCost: number
  /** But no longer than this. */
  readonly mostMs: number
}

interface Reading<T> {
  readonly version: unknown
  readonly result: Promise<T>
  /** Undefined while it is read. */
  endedMs: number | undefined
  /** Infinite while it is read. */
  goodUntilMs: number
}

/** Shares the readings of one function. A reading that fails is shared like any other. */
export class SharedRead<T> {
  readonly #read: () => T | Promise<T>
  readonly #lifetime: Lifetime
  readonly #now: () => number
  #last: Reading<T> | undefined

  constructor(read: () => T | Promise<T>, lifetime: Lifetime, now: () => number) {
    this.#read = read
    this.#lifetime = lifetime
    this.#now = now
  }

  /** The value; read anew where the last one has had its time, or `version` is another than its reading's. */
  async get(version?: unknown): Promise<SharedValue<T>> {
    const last = this.#last
    const isGood = last !== undefined && last.version === version && this.#now() <= last.goodUntilMs
    const reading = isGood ? last : this.#start(version)
    const value = await reading.result
    const nowMs = this.#now()
    return { value, ageMs: nowMs - (reading.endedMs ?? nowMs) }
  }

  #start(version: unknown): Reading<T> {
    const { leastMs, timesCost, mostMs } = this.#lifetime
    const startedMs = this.#now()
    const end = (): void => {
      const endedMs = this.#now()
      reading.endedMs = endedMs
      reading.goodUntilMs = endedMs + Math.min(mostMs, Math.max(leastMs, timesCost * (endedMs - startedMs)))
    }
    const result = this.#begin().finally(end)
    const reading: Reading<T> = { version, result, endedMs: undefined, goodUntilMs: Infinity }
    this.#last = reading
    return reading
  }

  async #begin(): Promise<T> {
    return this.#read()
  }
}

const encoded = new WeakMap<object, Map<string, Uint8Array<ArrayBuffer>>>()

/** The bytes of a shared value in one form, made once. */
export function encodedOnce(
  value: object,
  form: string,
  encode: () => Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const forms = encoded.get(value) ?? new Map<string, Uint8Array<ArrayBuffer>>()
  encoded.set(value, forms)
  const bytes = forms.get(form) ?? encode()
  forms.set(form, bytes)
  return bytes
}
