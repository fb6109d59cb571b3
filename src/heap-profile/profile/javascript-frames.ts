/**
 * Puts the calls of JavaScript in place of the tokens that stand for them in jemalloc's stacks.
 *
 * Rule: bytes stay the same. Tokens of equal stacks differ (code moves, and the same call is a new token then), so stacks
 * that read the same afterwards are one. A token that nothing names stays, under words that say so.
 */
import { packageOf } from '../../support/package-of.js'
import { TOKEN } from './javascript-names.js'
import type { JavaScriptNames } from './javascript-names.js'
import { growingUint32 } from './columns.js'
import { StackTable } from './stack-table.js'
import type { Frame, FrameFunction, SampleTable, ThreadTable } from './types.js'

/** The meaning of the addon's marks; native/js-names.h has the numbers. */
const MARKS: Readonly<Record<number, string>> = {
  1: '(V8 collects garbage)',
  3: '(JavaScript, which entered C without a frame)',
  4: '(JavaScript, whose stack was not kept)',
  5: '(libuv’s pool)',
  6: '(V8’s threads)',
  7: '(threads of Node and V8)',
  8: '(a thread whose JavaScript is not recorded)',
}
const REQUESTED = 2
const UNNAMED = '(JavaScript without a name in this dump)'
/** Frames of Node's own and of V8's builtins, which ask for nothing by themselves. */
const isOfNode = ({ file }: FrameFunction): boolean => file === null || file.startsWith('node:')

/** The changes in a profile. */
export interface WithStacks {
  readonly frames: readonly Frame[]
  readonly samples: SampleTable
  readonly threads: ThreadTable | null
}

/** The outcome of a frame: itself, or calls. */
interface Replacement {
  readonly kind: 'address' | 'stack' | 'requested' | 'other'
  readonly frames: readonly number[]
  /** Whether a function of the application or of a package is among them. */
  readonly isOfApp: boolean
  /** Of a stack: what it asks libuv's pool for. */
  readonly work?: string
}

/** The profile with names in place of tokens; the same where it has no token. */
export function withJavaScript(given: WithStacks, names: JavaScriptNames, width: number): WithStacks {
  if (!given.frames.some(isTokenFrame)) return given
  const expander = new Expander(given, names, width)
  return expander.result()
}

/** How many tokens nothing names. */
export function unnamedTokens(frames: readonly Frame[], names: JavaScriptNames): number {
  return frames.filter((frame) => kindOf(frame) === TOKEN.stack && names.stackOf(numberOf(frame)) === undefined).length
}

function kindOf({ address }: Frame): number {
  return address === null ? 0 : Number(address >> 48n)
}

function numberOf({ address }: Frame): bigint {
  return (address ?? 0n) & 0xffff_ffff_ffffn
}

/** Whether an address stands for no place in code. */
export function isTokenFrame(frame: Frame): boolean {
  const kind = kindOf(frame)
  return kind === TOKEN.stack || kind === TOKEN.mark || kind === TOKEN.cache || kind === TOKEN.thread
}

class Expander {
  readonly #given: WithStacks
  readonly #names: JavaScriptNames
  readonly #width: number
  readonly #frames: Frame[] = []
  readonly #frameOf = new Map<string, number>()

  constructor(given: WithStacks, names: JavaScriptNames, width: number) {
    this.#given = given
    this.#names = names
    this.#width = width
  }

  result(): WithStacks {
    const { samples, frames, threads } = this.#given
    const replacements = frames.map((frame) => this.#replacement(frame))
    const stacks = new StackTable()
    const rowOf = new Uint32Array(samples.count)
    const offsets = growingUint32()
    const kept = growingUint32()
    for (let sample = 0; sample < samples.count; sample++) {
      const from = samples.frames.subarray(samples.offsets[sample], samples.offsets[sample + 1])
      const stack = Uint32Array.from(this.#expanded([...from].flatMap((frame) => replacements[frame] ?? [])))
      const before = stacks.count
      rowOf[sample] = stacks.numberOf(stack)
      if (stacks.count === before) continue
      offsets.push(kept.length)
      for (const frame of stack) kept.push(frame)
    }
    offsets.push(kept.length)
    const values = this.#added(rowOf, stacks.count)
    const table = { count: stacks.count, values, offsets: offsets.taken(), frames: kept.taken() }
    const moved = threads === null ? null : { ...threads, samples: threads.samples.map((row) => rowOf[row] ?? 0) }
    return { frames: this.#frames, samples: table, threads: moved }
  }

  #added(rowOf: Uint32Array, count: number): Float64Array {
    const values = new Float64Array(count * this.#width)
    for (const [sample, row] of rowOf.entries()) {
      for (let column = 0; column < this.#width; column++) {
        const at = row * this.#width + column
        values[at] = (values[at] ?? 0) + (this.#given.samples.values[sample * this.#width + column] ?? 0)
      }
    }
    return values
  }

  #replacement(frame: Frame): Replacement {
    const number = numberOf(frame)
    switch (kindOf(frame)) {
      case TOKEN.stack: {
        const calls = this.#names.stackOf(number) ?? [named(UNNAMED)]
        const isOfApp = calls.some((call) => !isOfNode(call))
        return { kind: 'stack', frames: calls.map((call) => this.#named(call)), isOfApp, work: workOf(calls) }
      }
      case TOKEN.mark: {
        const mark = Number(number)
        if (mark === REQUESTED) return { kind: 'requested', frames: [], isOfApp: false }
        return { kind: 'other', ...this.#one(MARKS[mark] ?? `(JavaScript, mark ${mark})`) }
      }
      case TOKEN.thread:
        return { kind: 'other', ...this.#one(`(worker thread ${number})`) }
      case TOKEN.cache:
        return { kind: 'other', ...this.#one(`(cache ${this.#names.cacheOf(Number(number))})`) }
      default:
        return { kind: 'address', frames: [this.#frames.push(frame) - 1], isOfApp: false }
    }
  }

  #one(words: string): Pick<Replacement, 'frames' | 'isOfApp'> {
    return { frames: [this.#named(named(words))], isOfApp: false }
  }

  #named(call: FrameFunction): number {
    const key = `${call.name}\0${call.file ?? ''}\0${call.line ?? ''}`
    const known = this.#frameOf.get(key)
    if (known !== undefined) return known
    const number = this.#frames.push({ address: null, mapping: null, functions: [call] }) - 1
    this.#frameOf.set(key, number)
    return number
  }

  /**
   * The frames of a stack. A job of libuv's pool has the stacks of those who submitted the same object, the last first: a
   * stream's later pieces are submitted by Node alone, and the first with a function of the application says more.
   */
  #expanded(replacements: readonly Replacement[]): number[] {
    const at = replacements.findIndex(({ kind }) => kind === 'requested')
    if (at === -1) return replacements.flatMap(({ frames }) => frames)
    const requesters = replacements.slice(at).filter(({ kind }) => kind === 'stack')
    const requester = requesters.find(({ isOfApp }) => isOfApp) ?? requesters[0]
    const work = this.#named(named(`(${requesters[0]?.work ?? 'work'} on libuv’s pool)`))
    return replacements
      .filter((one, index) => index < at || one.kind !== 'stack' || one === requester)
      .flatMap(({ kind, frames }) => (kind === 'requested' ? [work] : frames))
  }
}

/**
 * The requester of work of the pool: the part of Node that submits it (`zlib`, `crypto`, `fs`, `dns`), else the package that
 * does so through an addon of its own.
 */
function workOf(calls: readonly FrameFunction[]): string {
  const file = calls.find((call) => call.file !== null)?.file ?? ''
  const [, part] = /^node:(?:internal\/)?([^/]+)/.exec(file) ?? []
  return part ?? packageOf(file) ?? 'work'
}

function named(name: string): FrameFunction {
  return { name, linkerName: null, file: null, line: null }
}
