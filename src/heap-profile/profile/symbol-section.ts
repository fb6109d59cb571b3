/**
 * The names that stand before a profile which was symbolized where it was taken, as `jeprof --raw` and ClickHouse write
 * them:
 *
 *     --- symbol
 *     binary=/usr/bin/service
 *     0x000055e2fcecc385 outer--inlined
 *     ---
 *     --- heap
 *     heap_v2/524288 …
 *
 * Rule: names are kept for the addresses that they stand at; what they take is bounded.
 */
import { CacheAttributionError } from '../../support/errors.js'
import { demangle } from '../symbols/demangle.js'
import type { FrameFunction } from './types.js'

const MAX_SYMBOLS = 2 ** 20
const MAX_NAMES_LENGTH = 2 ** 26

/** Between the functions at one place, the outermost first. */
const SEPARATOR = '--'

/** By what jeprof tells functions of one name apart: where each begins. */
const BEGINNING = /<[0-9a-f]{16}>$/

/** Names by address. */
export class SymbolSection {
  readonly #names = new Map<bigint, string>()
  #length = 0

  get isEmpty(): boolean {
    return this.#names.size === 0
  }

  /** Takes one line; whether it was understood. @throws CacheAttributionError `ERR_PROFILE_TOO_LARGE` */
  add(line: string): boolean {
    const [, address, names] = /^0x([0-9a-f]{1,16}) +(\S.*)$/.exec(line) ?? []
    // The program, and variables that nobody knows; an address may be without a name.
    if (address === undefined || names === undefined) return /^[a-z]\w*=|^0x[0-9a-f]{1,16}$/.test(line)
    this.#length += names.length
    if (this.#names.size === MAX_SYMBOLS || this.#length > MAX_NAMES_LENGTH) {
      throw new CacheAttributionError('ERR_PROFILE_TOO_LARGE', 'the profile has more names than can be kept')
    }
    this.#names.set(BigInt(`0x${address}`), names)
    return true
  }

  /** The functions at an address, innermost first; none where the section does not say. */
  functionsAt(address: bigint): FrameFunction[] {
    // Some writers name the return address, jeprof the call before it.
    const names = this.#names.get(address) ?? this.#names.get(address + 1n)
    if (names === undefined) return []
    return names
      .split(SEPARATOR)
      .reverse()
      .map((name) => name.replace(BEGINNING, ''))
      .filter((name) => name !== '' && !/^0x[0-9a-f]+$/.test(name))
      .map((linkerName) => {
        const name = demangle(linkerName)
        return { name, linkerName: name === linkerName ? null : linkerName, file: null, line: null }
      })
  }
}
