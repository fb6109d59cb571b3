import { expect } from 'chai'
import { JEMALLOC, needsJemalloc, runFixture, skipOrFail } from './child.js'
import type { Answers } from './fixtures/answers.js'
import type { LateFree } from './fixtures/late-free.js'
import { buildAddon } from './native.js'

const ANSWERS = 'helpers/fixtures/answers'

describe('runFixture()', () => {
  it('brings back what JSON would lose', async () => {
    const { unknown, big, nothing, array } = await runFixture<Answers>(ANSWERS)
    expect([unknown, big, nothing, [...array]]).to.deep.equal([NaN, 5n, undefined, [1, NaN]])
  })

  it('passes arguments and flags of Node on, and preloads nothing unless it is asked to', async () => {
    const answers = await runFixture<Answers>(ANSWERS, {
      args: ['a b', ''],
      execArgv: ['--expose-gc'],
      env: { NODE_DEBUG: undefined },
    })
    expect(answers).to.deep.include({ args: ['a b', ''], flags: ['--expose-gc'], preload: undefined })
  })

  it('preloads jemalloc by its soname', async function () {
    needsJemalloc(this)
    expect((await runFixture<Answers>(ANSWERS, { preload: 'jemalloc' })).preload).to.equal(JEMALLOC)
  })

  it('rejects with the stack of a fixture that throws', async () => {
    expect(await rejectionOf({ args: ['throw'] })).to.match(/ended with 1:[^]*Error: it was asked to\n +at answers/)
  })

  it('rejects where a fixture exits without a result', async () => {
    expect(await rejectionOf({ args: ['exit'] })).to.match(/gave no result/)
  })

  it('rejects where a fixture does not end in time', async () => {
    expect(await rejectionOf({ args: ['hang'], timeoutMs: 500 })).to.match(/did not end in 500 ms/)
  })
})

describe('skipOrFail()', () => {
  const context = { skip: () => 'skipped' } as unknown as Mocha.Context

  it('fails under CI, where nothing may be missing', () => {
    const given = process.env['CI']
    process.env['CI'] = 'true'
    try {
      expect(() => skipOrFail(context, 'no compiler')).to.throw(/^no compiler .*CI/)
    } finally {
      if (given === undefined) delete process.env['CI']
      else process.env['CI'] = given
    }
  })
})

describe('the late-free addon', () => {
  it('keeps its memory through the collection that finds it dead, and gives it back in a later turn', async function () {
    const { held, afterCollection, afterTurns } = await runFixture<LateFree>('helpers/fixtures/late-free', {
      args: [buildAddon(this, 'late-free')],
    })
    expect([held, afterCollection, afterTurns]).to.deep.equal([1_000_000, 1_000_000, 0])
  })
})

function rejectionOf(options: Parameters<typeof runFixture>[1]): Promise<string> {
  return runFixture(ANSWERS, options).then(
    () => 'it resolved',
    (error: unknown) => (error as Error).message,
  )
}
