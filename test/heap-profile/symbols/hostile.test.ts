/** Libraries that somebody made to be read slowly, or into much memory. */
import path from 'node:path'
import { expect } from 'chai'
import { parseHeapProfile, symbolize } from '../../../src/heap-profile/index.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'
import { demangle, readLines } from '../../helpers/internals/heap-profile-symbols.js'
import { runFixture } from '../../helpers/child.js'
import { CODE_OFFSET, FUNCTION_BYTES, writeElf } from '../../helpers/crafted-elf.js'
import { expectLinear } from '../../helpers/linear.js'
import { temporaryFolder } from '../../helpers/profiled.js'
import type { HostileElfResult } from '../fixtures/hostile-elf.js'

const { folder, remove } = temporaryFolder()
after(remove)

/** Number of a library: each test writes its own. */
let written = 0

/** A profile with one allocation in each function of a library with these names. */
async function profileOf(symbols: readonly string[]): Promise<HeapProfile> {
  const file = path.join(folder, `hostile-${written++}.so`)
  writeElf(file, { symbols })
  const stacks = symbols.map((_, index) => {
    const address = 0x500000 + CODE_OFFSET + index * FUNCTION_BYTES
    return `@ 0x${address.toString(16)}\n  t*: 1: 8 [0: 0]\n`
  })
  const maps = `500000-900000 r-xp 00000000 00:00 0 ${file}\n`
  return parseHeapProfile([Buffer.from(`heap_v2/1\n${stacks.join('')}MAPPED_LIBRARIES:\n${maps}`)])
}

/** Symbol by its length; what stands in the middle makes it slow. */
const SLOW: Readonly<Record<string, (length: number) => string>> = {
  'endings that can be read in two ways': (length) => `_Z1f${'.a.1'.repeat(length / 4)}!`,
  'endings of numbers': (length) => `_Z1f${'.1'.repeat(length / 2)}!`,
  'endings of words': (length) => `_Z1f${'._'.repeat(length / 2)}!`,
  'endings that fit': (length) => `_Z1f${'.a.1'.repeat(length / 4)}`,
  'dots alone': (length) => `_Z1f${'.'.repeat(length)}`,
  'endings of Rust': (length) => `_RNvC3foo3bar${'.llvm.A'.repeat(length / 7)}!`,
  'a word without an end in Rust': (length) => `_R${'N'.repeat(length)}`,
  'pointers to pointers': (length) => `_Z1f${'P'.repeat(length)}`,
  'nested names': (length) => `_ZN${'1a'.repeat(length / 2)}Ev`,
  'templates in templates': (length) => `_Z1f${'I1a'.repeat(length / 3)}${'E'.repeat(length / 3)}v`,
  'arguments that stand for a long list': (length) =>
    `_Z1fIJ${'1x'.repeat(length / 4)}EE1gI${'T_'.repeat(length / 4)}Evv`,
  'lists of lists': (length) =>
    `_Z1fIJ${'1x'.repeat(length / 8)}EE1gI${'T_'.repeat(length / 8)}E1hI${'T_'.repeat(length / 8)}E1iI${'T_'.repeat(length / 8)}Evv`,
  'parts of one long name': (length) => `_Z1fI${length / 2}${'x'.repeat(length / 2)}I${'S0_'.repeat(length / 6)}EEvv`,
  'substitutions that double': (length) =>
    `_Z1fI1aE${Array.from({ length: length / 12 }, (_, i) => `1bIS${i === 0 ? '' : (i - 1).toString(36).toUpperCase()}_S_E`).join('')}`,
  'sums in sums': (length) => `_Z1fIX${'pl'.repeat(length / 8)}${'Li1E'.repeat(length / 8)}EEvv`,
  'references back that double': (length) => `_RINvC1a1fTT${'hB8_'.repeat(length / 8)}E${'B7_'.repeat(length / 8)}EE`,
  'binders of Rust': (length) => `_RINvC1a1f${'FGzzz_'.repeat(length / 6)}uE`,
  'letters in code': (length) => `_RNvC1au${Math.floor(length / 2)}_${'a'.repeat(length / 2)}`,
  'hashes of older Rust': (length) => `_ZN${length / 4}${'::h0'.repeat(length / 16)}17h0123456789abcdefE`,
  'dollars of older Rust': (length) => `_ZN${length / 2}${'$u7e$'.repeat(length / 10)}17h0123456789abcdefE`,
}

describe('hostile names, by symbolize()', function () {
  this.timeout(60_000)

  for (const [what, make] of Object.entries(SLOW)) {
    it(`take time by their length: ${what}`, async () => {
      await expectLinear(
        (length) => profileOf(Array.from({ length: 20 }, (_, index) => make(length - index))),
        (profile) => symbolize(profile, { lines: false }),
        4000,
      )
    })

    it(`are never an error: ${what}`, () => {
      for (const length of [8, 100, 1_000, 16_000]) expect(demangle(make(length))).to.be.a('string')
    })
  }

  it('took ten seconds once: 102 characters', async () => {
    const symbol = `_Z1f${'.a.1'.repeat(24)}!x`
    expect(symbol).to.have.lengthOf(102)
    const { frames } = await symbolize(await profileOf([symbol]), { lines: false })
    expect(frames[0]?.functions[0]?.name).to.equal('f')
  })

  it('are shown with their endings as before', () => {
    const endings: Readonly<Record<string, string>> = {
      '.cold': ' [clone .cold]',
      '.constprop.0.isra.0': ' [clone .constprop.0] [clone .isra.0]',
      '.part.0.cold.12.3': ' [clone .part.0] [clone .cold.12.3]',
      '.1.2.cold.3': ' [clone .1] [clone .2] [clone .cold.3]',
      '.x!y.cold': ' [clone .cold]',
      '.cold!': '',
      '..cold': ' [clone .cold]',
      '.': '',
    }
    for (const [ending, shown] of Object.entries(endings)) expect(demangle(`_Z1fv${ending}`)).to.equal(`f${shown}`)
  })

  it('do not hold the event loop: a thousand long ones', async () => {
    const make = SLOW['lists of lists'] ?? ((): string => '')
    const profile = await profileOf(Array.from({ length: 1_000 }, (_, index) => make(8_000 - index)))
    let turns = 0
    let isOver = false
    const count = (): void => {
      turns++
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)
    await symbolize(profile, { lines: false })
    isOver = true
    expect(turns).to.be.greaterThan(20)
  })
})

describe('hostile answers of addr2line', () => {
  const SLOW_PLACES: Readonly<Record<string, (length: number) => string>> = {
    'remarks without an end': (length) => ':0 ('.repeat(length / 4),
    'lines and columns': (length) => ':0'.repeat(length / 2),
    blanks: (length) => `/a.c:1${' '.repeat(length)}`,
  }
  for (const [what, make] of Object.entries(SLOW_PLACES)) {
    it(`take time by their length: ${what}`, async () => {
      await expectLinear(
        (length) => `0x1\nf\n${make(length)}\n`,
        (output) => readLines(output, 1),
        20_000,
      )
    })
  }
})

describe('hostile ELF files', function () {
  this.timeout(60_000)

  for (const crafted of ['entries', 'entries-in-bounds', 'symbols', 'notes', 'shared-names']) {
    it(`take little memory and little time: ${crafted}`, async () => {
      const { ms, grownBytes, comments } = await runFixture<HostileElfResult>('heap-profile/fixtures/hostile-elf', {
        args: [path.join(folder, `${crafted}.so`), crafted],
        timeoutMs: 50_000,
      })
      expect(grownBytes, 'bytes').to.be.below(256 << 20)
      expect(ms).to.be.below(15_000)
      if (crafted === 'entries') expect(comments).to.match(/unlikely sections/)
      if (crafted === 'shared-names') expect(comments).to.match(/too long together/)
    })
  }
})
