import { expect } from 'chai'
import {
  formatBytes,
  formatCount,
  formatMs,
  formatShare,
  printable,
  signed,
  widthOf,
} from '../helpers/internals/support.js'

const GIB = 2 ** 30

describe('bytes', () => {
  const CASES: readonly [bytes: number | null, text: string][] = [
    [null, '–'],
    [0, '0 B'],
    [-0, '0 B'],
    [1, '1 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [-1024, '−1.00 KiB'],
    [1536, '1.50 KiB'],
    [99.9 * 1024, '99.90 KiB'],
    [100 * 1024, '100.0 KiB'],
    [1023.9 * 1024, '1023.9 KiB'],
    [1024 * 1024 - 1, '1.00 MiB'],
    [134.2 * 1024 * 1024, '134.2 MiB'],
    [3 * GIB, '3.00 GiB'],
    [2.5 * 1024 * GIB, '2.50 TiB'],
    [5000 * 1024 * GIB, '5000.0 TiB'],
  ]
  for (const [bytes, text] of CASES) {
    it(`${String(bytes)} are ${text}`, () => {
      expect(formatBytes(bytes)).to.equal(text)
    })
  }

  it('never take more than ten characters below a pebibyte', () => {
    for (let power = 0; power < 50; power += 0.01) {
      const text = formatBytes(-Math.round(2 ** power))
      expect([...text].length, text).to.be.at.most(11)
    }
  })
})

describe('milliseconds', () => {
  const CASES: readonly [ms: number, text: string][] = [
    [0, '0.0 ms'],
    [1.26, '1.3 ms'],
    [9.949, '9.9 ms'],
    [9.95, '10 ms'],
    [38.4, '38 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [1000, '1.00 s'],
    [9949, '9.95 s'],
    [9994, '9.99 s'],
    [9995, '10.0 s'],
    [86_400_000, '86400.0 s'],
  ]
  for (const [ms, text] of CASES) {
    it(`${String(ms)} are ${text}`, () => {
      expect(formatMs(ms)).to.equal(text)
    })
  }
})

describe('counts, shares and ratios', () => {
  it('are grouped by thousands, or unknown', () => {
    expect([12_345, 0, 0.4, -0.4, -12_345, null].map(formatCount)).to.deep.equal([
      '12,345',
      '0',
      '0',
      '0',
      '−12,345',
      '–',
    ])
  })

  it('are a share of something, or unknown', () => {
    expect([formatShare(1, 8), formatShare(-1, 8), formatShare(1, 0), formatShare(1, -5)]).to.deep.equal([
      '12.5 %',
      '−12.5 %',
      '–',
      '–',
    ])
  })

  it('have no minus before a zero', () => {
    expect([signed(-0.001, 2), signed(-0, 1), formatShare(-1, 1e9)]).to.deep.equal(['0.00', '0.0', '0.0 %'])
  })
})

describe('printable()', () => {
  const CASES: readonly [text: string, shown: string][] = [
    ['plain', 'plain'],
    ['größe 日本 😀', 'größe 日本 😀'],
    ['a\nb', 'a\\u{a}b'],
    ['\u001b[31m', '\\u{1b}[31m'],
    ['\u202e', '\\u{202e}'],
    ['\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['\u200b', '\\u{200b}'],
    ['\ud800x', '\\u{d800}x'],
    ['\u{e0041}', '\\u{e0041}'],
    ['', ''],
  ]
  for (const [text, shown] of CASES) {
    it(`shows ${JSON.stringify(text)} as ${shown}`, () => {
      expect(printable(text, 40)).to.equal(shown)
    })
  }

  it('is cut to so many characters, by whole characters', () => {
    expect(printable('abcdef', 6)).to.equal('abcdef')
    expect(printable('abcdefg', 6)).to.equal('abcde…')
    expect(printable('😀😀😀😀', 3)).to.equal('😀😀…')
  })
})

describe('the width of a text in a terminal', () => {
  const CASES: readonly [text: string, columns: number][] = [
    ['', 0],
    ['plain', 5],
    ['größe', 5],
    ['− 5 – × ±', 9],
    ['日本', 4],
    ['한국어', 6],
    ['ｶﾅ', 2],
    ['Ａ', 2],
    ['😀', 2],
    ['e\u0301', 1],
    ['\u{20000}', 2],
  ]
  for (const [text, columns] of CASES) {
    it(`is ${String(columns)} for ${JSON.stringify(text)}`, () => {
      expect(widthOf(text)).to.equal(columns)
    })
  }
})
