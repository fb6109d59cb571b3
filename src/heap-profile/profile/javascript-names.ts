/**
 * The names of JavaScript that this library writes behind a dump of jemalloc: its stacks have one token for each stack of
 * JavaScript, and these lines say what a token stands for. Other tools read over them.
 *
 *     # js frame 0 12 /app/thumbnails.js makeThumbnail      number, line (0 unknown), file, function
 *     # js stack 3 0 5 7                                    number, then frames, innermost first
 *     # js token 1f 3                                       token in hex, then its stack
 *     # js cache 1 thumbnails                               number, name
 *     # js none there is no jemalloc                        why this dump has no such names
 *     # js pool libuv is another                            why work on libuv's pool has no requester
 *
 * Rule: a line of a kind that is not known is of a later version and left out; one that is wrong is refused.
 */
import { CacheAttributionError, describe } from '../../support/errors.js'
import type { FrameFunction } from './types.js'

/** The upper 16 bits of what stands for no address. Shared with native/js-names.h. */
export const TOKEN = { stack: 0x7a4a, mark: 0x7a4d, cache: 0x7a53, thread: 0x7a57 } as const

/** Whether these are the upper 32 bits of a token. */
export function isToken(high: number): boolean {
  const kind = high >>> 16
  return kind === TOKEN.stack || kind === TOKEN.mark || kind === TOKEN.cache || kind === TOKEN.thread
}

/** Kinds of one number each at most, and the text of all names together. */
const MAX_ENTRIES = 2 ** 20
const MAX_NAMES_LENGTH = 2 ** 26
const MAX_DEPTH = 1024

/** Names as they come, line by line. */
export class JavaScriptNames {
  /** Why there are none; null where nothing says so. */
  reason: string | null = null
  /** Why work on libuv's pool has no requester; null where nothing says so. */
  poolReason: string | null = null
  readonly #frames = new Map<number, FrameFunction>()
  readonly #stacks = new Map<number, readonly number[]>()
  readonly #stackOf = new Map<string, number>()
  readonly #caches = new Map<number, string>()
  #length = 0

  /** Takes a line; whether it is one of these. @throws CacheAttributionError `ERR_PROFILE_FORMAT`, `ERR_PROFILE_TOO_LARGE` */
  note(line: string): boolean {
    if (!line.startsWith('# js ')) return false
    const words = line.split(' ')
    const entries = this.#frames.size + this.#stacks.size + this.#stackOf.size + this.#caches.size
    this.#length += line.length
    if (entries >= MAX_ENTRIES * 2 || this.#length > MAX_NAMES_LENGTH) {
      throw new CacheAttributionError('ERR_PROFILE_TOO_LARGE', 'the profile has more names than can be kept')
    }
    if (!this.#take(words[2] ?? '', words.slice(3))) {
      throw new CacheAttributionError('ERR_PROFILE_FORMAT', `expected names of JavaScript, got ${describe(line)}`)
    }
    return true
  }

  /** The calls of a token, innermost first; undefined where nothing names it. */
  stackOf(token: bigint): readonly FrameFunction[] | undefined {
    const stack = this.#stacks.get(this.#stackOf.get(token.toString(16)) ?? -1)
    if (stack === undefined) return undefined
    return stack.flatMap((frame) => this.#frames.get(frame) ?? [])
  }

  cacheOf(number: number): string {
    return this.#caches.get(number) ?? String(number)
  }

  #take(kind: string, words: readonly string[]): boolean {
    const [first = '', second = ''] = words
    switch (kind) {
      case 'frame':
        return words.length === 4 && isNumber(first) && isNumber(second) && this.#takeFrame(words)
      case 'stack':
        if (!words.every(isNumber) || words.length === 0 || words.length > MAX_DEPTH) return false
        this.#stacks.set(Number(first), words.slice(1).map(Number))
        return true
      case 'token':
        if (!/^[0-9a-f]{1,12}$/.test(first) || !isNumber(second)) return false
        this.#stackOf.set(first, Number(second))
        return true
      case 'cache':
        if (!isNumber(first) || words.length !== 2) return false
        this.#caches.set(Number(first), decoded(second))
        return true
      case 'none':
        this.reason = words.join(' ')
        return true
      case 'pool':
        this.poolReason = words.join(' ')
        return true
      default:
        return true
    }
  }

  #takeFrame([number = '', line = '', file = '', name = '']: readonly string[]): boolean {
    const known = file === '-' ? null : decoded(file)
    this.#frames.set(Number(number), {
      name: decoded(name),
      linkerName: null,
      file: known,
      line: line === '0' ? null : Number(line),
    })
    return true
  }
}

/** A frame as a line; the file is null where it is not known. */
export function frameLine(number: number, { name, file, line }: Omit<FrameFunction, 'linkerName'>): string {
  return `# js frame ${number} ${line ?? 0} ${file === null || file === '' ? '-' : encoded(file)} ${encoded(name)}\n`
}

/** The name of a cache as a line. */
export function cacheLine(number: number, name: string): string {
  return `# js cache ${number} ${encoded(name)}\n`
}

/** A text as one word: blanks, control characters and what would be taken for something else as %XX. */
export function encoded(text: string): string {
  const word = text.replace(/[\0- %\x7f]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return word === '-' ? '%2d' : word === '' ? '%20' : word
}

/** The text of such a word. */
export function decoded(word: string): string {
  return word.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

function isNumber(word: string): boolean {
  return /^\d{1,10}$/.test(word)
}
