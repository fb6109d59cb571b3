import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { TWIN_EXIT, describeExit } from '../helpers/internals/twin.js'

describe('the exit codes of a twin', () => {
  it('are those of native/twin-exit.h', () => {
    const file = fileURLToPath(new URL('../../../native/twin-exit.h', import.meta.url))
    const codes = readFileSync(file, 'utf8').matchAll(/\bTWIN_EXIT_([A-Z]+) = (\d+)/g)
    expect(Object.fromEntries([...codes].map(([, name, code]) => [name, Number(code)]))).to.deep.equal(TWIN_EXIT)
  })

  it('are told in words, and any other by its number', () => {
    for (const code of Object.values(TWIN_EXIT))
      expect(describeExit(code)).to.match(/^(since|with|through) (?!exit code)/)
    expect(describeExit(3)).to.equal('with exit code 3 and no result')
  })
})
