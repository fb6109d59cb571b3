import { expect } from 'chai'
import { readTargeted } from '../helpers/internals/cli.js'
import { DISCOVER_RULES, discoverQuestion } from '../helpers/internals/cli-ask.js'

function asked(...args: string[]): object {
  return discoverQuestion(readTargeted('discover', [...args, '7'], DISCOVER_RULES).options)
}

describe('discoverQuestion()', () => {
  it('asks for a budget where one is given', () => {
    expect(asked()).to.deep.equal({})
    expect(asked('--threads', '--limit', '3')).to.deep.equal({ limit: 3, threads: true })
    expect(asked('--limit', '3')).to.deep.equal({ limit: 3 })
    expect(asked('--budget-ms', '500', '--budget-memory=64')).to.deep.equal({
      budget: { durationMs: 500, memoryBytes: 64 * 1024 * 1024 },
    })
    expect(asked('--budget-pause', '80')).to.deep.equal({ budget: { pauseMs: 80 } })
  })

  it('is refused where a budget is none', () => {
    for (const args of [
      ['--budget-ms', '0'],
      ['--budget-ms', '-5'],
      ['--budget-ms', '1e99'],
      ['--budget-ms', 'NaN'],
      ['--budget-memory', '64MiB'],
      ['--budget-memory', '99999999999999999999'],
      ['--budget-pause', '0'],
      ['--budget', '5'],
    ]) {
      expect(() => asked(...args), args.join(' ')).to.throw('ERR_COMMAND_USAGE')
    }
  })
})
