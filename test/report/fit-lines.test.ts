import { expect } from 'chai'
import { fitLines, wrapText } from '../helpers/internals/report.js'
import { widthOf } from '../helpers/internals/support.js'

const ESC = '\u001b'

describe('wrapText()', () => {
  it('breaks between words, and before the arrow of a path', () => {
    expect(wrapText('server.js › UserStore.byId: Map(4,000)', 20)).to.deep.equal([
      'server.js',
      '› UserStore.byId:',
      'Map(4,000)',
    ])
    expect(wrapText('short', 20)).to.deep.equal(['short'])
    expect(wrapText('', 20)).to.deep.equal([''])
    expect(wrapText('    a name in a tree', 16)).to.deep.equal(['    a name in a', '    tree'])
  })

  it('cuts a word that alone is too long at the parts of a path, else anywhere, and loses nothing', () => {
    expect(wrapText('@apollo/server/dist/cjs/documentStore.js:12 LRUCache', 20)).to.deep.equal([
      '@apollo/server/dist',
      '/cjs/documentStore',
      '.js:12 LRUCache',
    ])
    const long = 'x'.repeat(50)
    expect(wrapText(long, 20).map(widthOf)).to.deep.equal([20, 20, 10])
    expect(wrapText('図'.repeat(15), 20).map(widthOf)).to.deep.equal([20, 10])
  })

  it('gives no line beyond its width, and every word', () => {
    const text = 'a bb ccc › dddd.eeeee[*].fff: Map(1,000), gg hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh  i'
    for (let width = 5; width < 90; width++) {
      const lines = wrapText(text, width)
      expect(Math.max(...lines.map(widthOf)), String(width)).to.be.at.most(width)
      expect(lines.join('').replaceAll(' ', '')).to.equal(text.replaceAll(' ', ''))
    }
  })
})

describe('fitLines()', () => {
  it('leaves lines alone that are short enough, or that nothing bounds', () => {
    const lines = ['a line', '', '   an indented one']
    expect(fitLines(lines, 40)).to.deep.equal(lines)
    expect(fitLines(['x '.repeat(500)], Infinity)).to.deep.equal(['x '.repeat(500)])
  })

  it('goes on below the value of a label, else a little further in', () => {
    expect(fitLines(['noise         ± 22.42 KiB allocator, ± 30.63 KiB JS heap'], 44)).to.deep.equal([
      'noise         ± 22.42 KiB allocator, ± 30.63',
      '              KiB JS heap',
    ])
    expect(fitLines(['a sentence that is longer than the line'], 24)).to.deep.equal([
      'a sentence that is',
      '  longer than the line',
    ])
  })

  it('counts no colour', () => {
    const line = `${ESC}[1mbold${ESC}[0m and plain`
    expect(fitLines([line], 20)).to.deep.equal([line])
  })
})
