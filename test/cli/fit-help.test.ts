/** Help texts on a narrow terminal. */
import { expect } from 'chai'
import { COMMANDS, fitHelp } from '../helpers/internals/cli.js'

/** Every word in its order: nothing is left out, and nothing is added. */
function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

const HELP = `Usage: cache-attribution seek [options] PID

Shows what holds the memory of a process that nobody prepared, and what
asking for it has cost.

Options:
  --limit N  owners that are listed, the largest of them first, ten where
             nothing is said
  --serve[=[HOST:]PORT]
             serve the page

Examples:
  cache-attribution seek 4711
  cache-attribution seek --limit 20 4711
`

describe('fitHelp()', () => {
  it('leaves a text that fits as it was written', () => {
    expect(fitHelp(HELP, 80)).to.equal(HELP)
    expect(fitHelp(HELP, Infinity)).to.equal(HELP)
  })

  it('fills paragraphs and descriptions anew, and joins no example', () => {
    expect(fitHelp(HELP, 44).split('\n')).to.deep.equal([
      'Usage: cache-attribution seek [options] PID',
      '',
      'Shows what holds the memory of a process',
      'that nobody prepared, and what asking for it',
      'has cost.',
      '',
      'Options:',
      '  --limit N  owners that are listed, the',
      '             largest of them first, ten',
      '             where nothing is said',
      '  --serve[=[HOST:]PORT]',
      '             serve the page',
      '',
      'Examples:',
      '  cache-attribution seek 4711',
      '  cache-attribution seek --limit 20 4711',
      '',
    ])
  })

  it('puts a description below its label where there is no room beside it', () => {
    expect(fitHelp('  --budget-memory N  refuse more than that', 30)).to.equal(
      ['  --budget-memory N', '      refuse more than that'].join('\n'),
    )
  })

  for (const { name, help } of COMMANDS) {
    it(`keeps each word of the help of ${name} on any width, and no line that is wider`, () => {
      for (const width of [20, 40, 60, 80, 100]) {
        const fitted = fitHelp(help, width)
        const whole = fitted.split('\n').filter((line) => line.length > width)
        expect(whole, String(width)).to.deep.equal([])
        // Below eighty columns a word may be cut.
        if (width >= 80) expect(wordsOf(fitted), String(width)).to.deep.equal(wordsOf(help))
        else expect(wordsOf(fitted).join(''), String(width)).to.equal(wordsOf(help).join(''))
      }
    })
  }
})
