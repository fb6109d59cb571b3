import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { demangle } from '../../helpers/internals/heap-profile-symbols.js'
import { randomOf } from '../fuzz/profile-fuzz.js'
import { requireTool } from '../../helpers/profiled.js'

/** Made by rustc 1.95 with `-C symbol-mangling-version=v0`. */
const COMPILED: readonly (readonly [symbol: string, name: string])[] = [
  ['_RNvCs6xxl1lAjzDf_1au7ber_goa', 'a::über'],
  ['_RNvNtNtCs6xxl1lAjzDf_1a5inner4deepu8gdel_5qa', 'a::inner::deep::gödel'],
  ['_RINvCs6xxl1lAjzDf_1a4flagKb0_Kc27_Kl7_EB2_', "a::flag::<false, '\\'', 7>"],
  ['_RINvCs6xxl1lAjzDf_1a4flagKb1_Kcfc_Kln5_EB2_', "a::flag::<true, 'ü', -5>"],
  [
    '_RINvCs6xxl1lAjzDf_1a4manyDG0_INtNtNtCsgEmfK2I1SDS_4core3ops8function2FnTRL1_eQL0_StEEp6OutputRL1_hNtNtBy_6marker4SendEL_nEB2_',
    "a::many::<dyn for<'a, 'b> core::ops::function::Fn<(&'a str, &'b mut [u16]), Output = &'a u8> + core::marker::Send, i128>",
  ],
  [
    '_RINvCs6xxl1lAjzDf_1a4manyDINtB2_5NamedKj3_Ep3OutTcfEEL_APbj7_EB2_',
    'a::many::<dyn a::Named<3, Out = (char, f32)>, [*const bool; 7]>',
  ],
  ['_RINvCs6xxl1lAjzDf_1a5takesFG_RL0_eERL0_eEB2_', "a::takes::<for<'a> fn(&'a str) -> &'a str>"],
  ['_RINvCs6xxl1lAjzDf_1a5takesFKCPhOhEmEB2_', 'a::takes::<extern "C" fn(*const u8, *mut u8) -> u32>'],
  ['_RINvCs6xxl1lAjzDf_1a5takesFUEuEB2_', 'a::takes::<unsafe fn()>'],
  ['_RINvCs6xxl1lAjzDf_1a5takesThEEB2_', 'a::takes::<(u8,)>'],
  [
    '_RINvMNtNtCsjrHSEGnQ3l9_3std4sync9once_lockINtB3_8OnceLockNtNtB7_2fs4FileE10initializeNCNvNtNtNtB7_3sys6random5linux9getrandom0NtNtNtB7_2io5error5ErrorEB7_',
    '<std::sync::once_lock::OnceLock<std::fs::File>>::initialize::<std::sys::random::linux::getrandom::{closure#0}, std::io::error::Error>',
  ],
]

describe('demangle() of names of Rust', () => {
  for (const [symbol, name] of [
    ...COMPILED,
    // Constants with a structure, of the book of rustc.
    ['_RIC3fooKRe616263_E', 'foo::<"abc">'],
    ['_RIC3fooKVNtC3foo3BarS1xm1_1yb0_EE', 'foo::<{foo::Bar { x: 1, y: false }}>'],
    ['_RIC3fooKAj1_j2_EE', 'foo::<{[1, 2]}>'],
    // Suffixes that compilers add.
    ['_RNvC3foo3bar.llvm.1234ABCD', 'foo::bar'],
    ['_RNvC3foo3bar.cold', 'foo::bar [clone .cold]'],
    ['__RNvC3foo3bar', 'foo::bar'],
    // No name of the scheme, or damaged.
    ['_Read', '_Read'],
    ['_R', '_R'],
    ['_R1NvC3foo3bar', '_R1NvC3foo3bar'],
    ['_RNvC3foo9bar', '_RNvC3foo9bar'],
    ['_RNvC3foo3barX', '_RNvC3foo3barX'],
    ['_RNvB_3bar', '_RNvB_3bar'],
    ['_RNvC3foou3___', '_RNvC3foou3___'],
  ] as const) {
    it(`calls ${symbol} ${name}`, () => {
      expect(demangle(symbol)).to.equal(name)
    })
  }

  it('agrees with c++filt on whatever the scheme allows', function () {
    requireTool(this, 'c++filt', 'binutils')
    const random = randomOf(17)
    const symbols = Array.from({ length: 10_000 }, () => new Generator(random).symbol())
    const theirs = execFileSync('c++filt', ['-i'], {
      input: symbols.join('\n'),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    }).split('\n')
    const different = symbols.flatMap((symbol, index) => {
      // It escapes no quote and no backslash.
      const ours = demangle(symbol).replaceAll("'\\''", "'''").replaceAll("'\\\\'", "'\\'")
      return ours === theirs[index] ? [] : [`${symbol}\n${ours}\n${theirs[index] ?? ''}`]
    })
    expect(symbols.find((symbol) => demangle(symbol) === symbol)).to.equal(undefined)
    expect(different.length, different.slice(0, 5).join('\n')).to.equal(0)
  })

  it('ends soon, and never throws, whatever it is handed', () => {
    const random = randomOf(5)
    const whole = COMPILED.map(([symbol]) => symbol)
    for (let round = 0; round < 5_000; round++) {
      const letters = [...(whole[Math.floor(random() * whole.length)] ?? '')]
      const at = 2 + Math.floor(random() * (letters.length - 2))
      letters[at] = letters[Math.floor(random() * letters.length)] ?? ''
      expect(demangle(letters.join(''))).to.be.a('string')
    }
    // Each reference holds two of the one before.
    let doubling = '_RIC1aTuuE'
    for (let last = 3, round = 0; round < 40; round++) {
      const place = doubling.length - 2
      doubling += `TB${base62(last)}B${base62(last)}E`
      last = place
    }
    expect(demangle(`${doubling}E`).length).to.be.lessThan(100_000)
    expect(demangle(`_RM${'P'.repeat(10_000)}`)).to.have.lengthOf(10_003)
    expect(demangle(`_RNvC1au9999_${'z'.repeat(9999)}`)).to.have.lengthOf(10_012)
  })
})

/** Names as the scheme allows them, which the compiler need not make. */
class Generator {
  readonly #random: () => number
  #text = '_R'
  /** Where a path, a type and a constant begin, for references back to them. */
  readonly #starts: Record<'path' | 'type', number[]> = { path: [], type: [] }
  #lifetimes = 0

  constructor(random: () => number) {
    this.#random = random
  }

  symbol(): string {
    this.#nestedPath(4)
    if (this.#chance(0.3)) this.#add('C3std')
    return this.#text
  }

  #chance(share: number): boolean {
    return this.#random() < share
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound)
  }

  #one<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T
  }

  #add(text: string): void {
    this.#text += text
  }

  #times(most: number, body: () => void): void {
    for (let left = this.#below(most + 1); left > 0; left--) body()
  }

  /** Of the kind wanted; false where there is nothing to refer to. */
  #back(kind: 'path' | 'type'): boolean {
    const starts = this.#starts[kind]
    if (starts.length === 0 || !this.#chance(0.3)) return false
    // Places count from behind the `_R`.
    this.#add(`B${base62(this.#one(starts) - 2)}`)
    return true
  }

  /** At its end: it would refer to itself. What stands within a binder may speak of its lifetimes. */
  #remember(kind: 'path' | 'type', start: number): void {
    if (this.#lifetimes === 0) this.#starts[kind].push(start)
  }

  #identifier(): void {
    if (this.#chance(0.3)) this.#add(`s${base62(this.#below(100))}`)
    this.#add(
      this.#one(['3foo', '5inner', '1x', '8__leading', '4__1st', '3_1st', 'u8gdel_5qa', 'u7ber_goa', '12with_numb3rs']),
    )
  }

  #crate(): void {
    this.#add(`C${this.#chance(0.5) ? 'sgEmfK2I1SDS_' : ''}${this.#one(['4core', '3std', '5alloc'])}`)
  }

  #nestedPath(depth: number): void {
    this.#add(`N${this.#one(['v', 't', 'C', 'S'])}`)
    this.path(depth)
    this.#identifier()
  }

  path(depth: number): void {
    if (this.#back('path')) return
    const start = this.#text.length
    if (depth <= 0) this.#crate()
    else this.#newPath(depth)
    this.#remember('path', start)
  }

  #newPath(depth: number): void {
    switch (this.#one(['N', 'N', 'N', 'C', 'M', 'X', 'Y', 'I'])) {
      case 'N':
        this.#nestedPath(depth - 1)
        break
      case 'M':
        this.#add('M')
        this.#crate()
        this.type(depth - 1)
        break
      case 'X':
        this.#add('Xs_')
        this.#crate()
        this.type(depth - 1)
        this.path(depth - 1)
        break
      case 'Y':
        this.#add('Y')
        this.type(depth - 1)
        this.path(depth - 1)
        break
      case 'I':
        this.#add('I')
        this.#nestedPath(depth - 1)
        this.#argument(depth - 1)
        this.#times(2, () => {
          this.#argument(depth - 1)
        })
        this.#add('E')
        break
      default:
        this.#crate()
    }
  }

  #argument(depth: number): void {
    if (this.#chance(0.2)) this.#add(`L${this.#lifetime()}`)
    else if (this.#chance(0.3)) this.#constant()
    else this.type(depth)
  }

  #lifetime(): string {
    return base62(this.#below(this.#lifetimes + 1))
  }

  #constant(): void {
    this.#add('K')
    const hex = this.#one(['0', '1', '7f', 'ffff', 'deadbeef', 'ffffffffffffffff'])
    this.#add(
      this.#one([`j${hex}_`, `h${hex}_`, `ln${hex}_`, `x${hex}_`, 'b0_', 'b1_', 'c61_', 'c27_', 'c5c_', 'ca_', 'p']),
    )
  }

  type(depth: number): void {
    if (this.#back('type')) return
    const start = this.#text.length
    if (depth <= 0) this.#add(this.#one(Array.from('abcdefhijlmnopstuxyz')))
    else this.#newType(depth)
    this.#remember('type', start)
  }

  #newType(depth: number): void {
    switch (this.#one(['basic', 'R', 'Q', 'P', 'O', 'A', 'S', 'T', 'F', 'D', 'path'])) {
      case 'R':
        this.#add(`R${this.#chance(0.5) ? `L${this.#lifetime()}` : ''}`)
        this.type(depth - 1)
        break
      case 'Q':
      case 'P':
      case 'O':
      case 'S':
        this.#add(this.#one(Array.from('QPOS')))
        this.type(depth - 1)
        break
      case 'A':
        this.#add('A')
        this.type(depth - 1)
        this.#add(`j${this.#one(['0', '3', 'ff'])}_`)
        break
      case 'T':
        this.#add('T')
        this.#times(3, () => {
          this.type(depth - 1)
        })
        this.#add('E')
        break
      case 'F':
        this.#bound('F', () => {
          this.#add(`${this.#one(['', 'U'])}${this.#one(['', 'KC', 'K6system', 'K15rust_intrinsics'])}`)
          this.#times(3, () => {
            this.type(depth - 1)
          })
          this.#add('E')
          this.type(depth - 1)
        })
        break
      case 'D':
        this.#bound('D', () => {
          this.#times(2, () => {
            this.path(0)
            if (this.#chance(0.4)) this.#add('p6Output')
            else return
            this.type(depth - 1)
          })
          this.#add('E')
        })
        this.#add(`L${this.#lifetime()}`)
        break
      case 'path':
        this.path(depth - 1)
        break
      default:
        this.#add('u')
    }
  }

  #bound(tag: string, body: () => void): void {
    const count = this.#below(3)
    this.#add(tag)
    if (count > 0) this.#add(`G${base62(count - 1)}`)
    this.#lifetimes += count
    body()
    this.#lifetimes -= count
  }
}

function base62(value: number): string {
  if (value === 0) return '_'
  let digits = ''
  for (let rest = value - 1; digits === '' || rest > 0; rest = Math.floor(rest / 62)) {
    digits = ('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'[rest % 62] ?? '') + digits
  }
  return `${digits}_`
}
