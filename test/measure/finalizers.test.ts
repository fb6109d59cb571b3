import { expect } from 'chai'
import { addonOrNull } from '../helpers/internals/allocator.js'
import { openFinalizers } from '../helpers/internals/measure.js'
import { needsJemalloc, runFixture } from '../helpers/child.js'
import { buildAddon } from '../helpers/native.js'
import { fakeEnvironment } from './fakes.js'
import type { FinalizersResult } from './fixtures/finalizers.js'

describe('finalizers in a window of a real process', function () {
  this.timeout(60_000)
  let result: FinalizersResult
  before(async function () {
    needsJemalloc(this)
    const addon = buildAddon(this, 'late-free')
    result = await runFixture<FinalizersResult>('measure/fixtures/finalizers', { preload: 'jemalloc', args: [addon] })
  })

  for (const kind of ['native finalizer', 'chain of native finalizers', 'registry', 'chain of registries']) {
    it(`free their memory before it is read: ${kind}`, () => {
      const { bytes = NaN, truth = NaN } = result.freed[kind] ?? {}
      expect(bytes).to.be.closeTo(truth, 64 * 1024 + 0.01 * truth)
    })
  }

  it('run alone: no timer, immediate, tick or promise of the service with them', () => {
    expect(result.ranInside).to.deep.equal([])
  })

  it('throw into the uncaught exceptions of the process, each once', () => {
    const expected = [0, 2, 4, 6, 8].map((id) => `callback ${String(id)}`)
    expect(result.uncaught.toSorted()).to.deep.equal(expected)
    expect(result.uncaughtInside).to.equal(expected.length)
  })

  it('have no context of whoever measures, and leave the contexts whole', () => {
    expect(result.callbackContext).to.equal(undefined)
    expect(result.contextAfter).to.equal('measured')
    const [first, second] = result.idsAfter
    expect(second).to.be.greaterThan(first)
    expect(first).to.be.greaterThan(0)
  })

  it('leave the promises that they make to the turns that follow', () => {
    expect(result.promises).to.equal(10)
  })

  it('run the destroy hooks of resources that were collected', () => {
    expect(result.destroyed).to.be.at.least(10)
  })

  it('end a process that handles no exceptions', async () => {
    const failure = await runFixture('measure/fixtures/finalizer-throws').catch((error: unknown) => String(error))
    expect(failure).to.match(/ended with [17]:[^]*Error: thrown by a finalizer/)
  })
})

describe('finalizers', () => {
  it('are told possible by the addon on this Node', () => {
    expect(addonOrNull()?.twin?.facts().runsFinalizers).to.equal(true)
    expect(addonOrNull()?.runFinalizers()).to.be.a('boolean')
  })

  it('are those of the environment where it has them', () => {
    const environment = { ...fakeEnvironment(), runFinalizers: () => null }
    expect(openFinalizers(environment)?.run()).to.equal(null)
  })
})
