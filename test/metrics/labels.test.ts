import { expect } from 'chai'
import { LabelCache, labelOf, largestAndOthers } from '../helpers/internals/metrics.js'

/** Names that mean harm, or only look alike. */
const HOSTILE = [
  'plain',
  '"quoted"',
  'line\nend',
  'back\\slash',
  'line\\nend',
  '{cache="x"} 1',
  '😀',
  '👩‍👩‍👧',
  'é',
  'é',
  '\u0000',
  '\u0001',
  '\r',
  '\ud83d',
  '\ude00',
  '\ufffd',
  '\\u{0}',
  '\u202e',
  'other',
  'other~0123456789ab',
  '__proto__',
  'constructor',
  ' ',
  '',
  'x'.repeat(120),
  'x'.repeat(121),
  'x'.repeat(10_000),
  `${'x'.repeat(9999)}y`,
  '😀'.repeat(5000),
  `${'😀'.repeat(4999)}😁`,
]

describe('labelOf()', () => {
  it('leaves a name as it is where the formats can say it', () => {
    for (const name of ['users', 'sqlite pages', '"quoted"', 'line\nend', 'back\\slash', '😀', '数据', '../x']) {
      expect(labelOf(name)).to.equal(name)
    }
  })

  it('keeps a long name apart from one that differs at its end', () => {
    const [one, two] = [labelOf('x'.repeat(10_000)), labelOf(`${'x'.repeat(9999)}y`)]
    expect(one).to.match(/^x{106}…~[0-9a-f]{12}$/)
    expect(two).not.to.equal(one)
  })

  it('gives no two names one label, their own labels included', () => {
    const names = [...new Set([...HOSTILE, ...HOSTILE.map(labelOf), ...HOSTILE.map(labelOf).map(labelOf)])]
    const labels = names.map(labelOf)
    expect(new Set(labels).size).to.equal(names.length)
  })

  it('is short, of whole characters, and survives UTF-8', () => {
    for (const name of HOSTILE) {
      const label = labelOf(name)
      expect([...label].length, label).to.be.at.most(121)
      expect(Buffer.from(label).toString()).to.equal(label)
      expect(label).to.match(/^(?:[^\p{Cc}\p{Cs}]|\n)+$/u)
    }
  })

  it('is the same when remembered', () => {
    const cache = new LabelCache()
    for (const name of [...HOSTILE, ...HOSTILE]) expect(cache.of(name)).to.equal(labelOf(name))
  })
})

describe('largest()', () => {
  it('cuts where asked, the largest first', () => {
    expect(largestAndOthers([1, 3, 2, 3], 2, (value) => value)).to.deep.equal([
      [3, 3],
      [2, 1],
    ])
  })

  it('keeps the order of those that all fit', () => {
    expect(largestAndOthers([1, 3, 2], 3, (value) => value)).to.deep.equal([[1, 3, 2], []])
  })
})
