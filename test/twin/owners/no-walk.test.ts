import { expect } from 'chai'
import { runFixture } from '../../helpers/child.js'
import { thoroughSuite } from '../../helpers/thorough.js'
import type { NoWalkResult } from './fixtures/no-walk.js'
import type { Discovery, Owner } from '../../../src/twin/index.js'

thoroughSuite('owners where the heap cannot be walked', function () {
  this.timeout(180_000)
  let result: NoWalkResult
  before(async () => {
    const env = { NODE_V8_COVERAGE: undefined }
    result = await runFixture('twin/owners/fixtures/no-walk', { env, timeoutMs: 170_000 })
  })

  const codes = ({ warnings }: Pick<Discovery, 'warnings'>): string[] => warnings.map(({ code }) => code)
  const owner = ({ owners }: Discovery, path: RegExp): Owner | undefined =>
    owners.find((each) => path.test(each.path ?? ''))

  it("are those of V8's snapshot, which the warning says", () => {
    expect(codes(result.walked)).to.not.include('WARN_OWNERS_BY_SNAPSHOT')
    const [told] = result.refused.warnings.filter(({ code }) => code === 'WARN_OWNERS_BY_SNAPSHOT')
    expect(told?.message).to.match(/V8's heap snapshot.*: it is not understood$/)
    expect(result.text).to.contain('WARN_OWNERS_BY_SNAPSHOT')
    expect(result.refused).to.deep.include({ packages: [], inFlight: [] })
    expect(result.text).to.not.contain('are explained by owner, package')
  })

  for (const [what, path] of [
    ['a Map in a field', /store\.byId$/],
    ['a list in a closure', /pending$/],
    ['a dictionary of the global object', /^plantedDictionary$/],
  ] as const) {
    it(`have the path, the script and the bytes that the walk tells: ${what}`, () => {
      const [walked, snapshot] = [owner(result.walked, path), owner(result.refused, path)]
      expect(snapshot, JSON.stringify(result.refused.owners, null, 1)).to.include({
        className: walked?.className,
        script: walked?.script,
        entries: walked?.entries,
      })
      const retained = walked?.retained.totalBytes ?? NaN
      // V8 counts its tables of strings as holders: keys of a dictionary are nobody's.
      expect(snapshot?.retained.totalBytes).to.be.within(0.8 * retained, 1.05 * retained)
    })

    it(`are emptied and measured: ${what}`, () => {
      const { released, retained } = owner(result.refused, path) ?? {}
      expect(released?.totalBytes).to.be.closeTo(
        retained?.totalBytes ?? NaN,
        0.1 * (retained?.totalBytes ?? 0) + 65_536,
      )
    })
  }

  it('recognise registered caches', () => {
    expect(owner(result.refused, /registered$/)).to.include({ cache: 'registered', entries: 3000 })
  })

  it('add up: owners, those that are not listed, and the rest', () => {
    const { owners, others, live } = result.refused
    const own = owners.reduce((sum, each) => sum + each.own.totalBytes, 0)
    expect(own + others.totalBytes + (live?.restBytes ?? NaN)).to.be.closeTo(live?.totalBytes ?? NaN, 1)
  })

  it('are told so by the next twin where a walk ended one, and that costs no more than that', () => {
    expect(result.attempts).to.equal(2)
    const { crashed } = result
    if (typeof crashed === 'string') expect.fail(crashed)
    const [told] = crashed.warnings.filter(({ code }) => code === 'WARN_OWNERS_BY_SNAPSHOT')
    expect(told?.message).to.match(/a walk ended a twin \(it ended after .*\)$/)
    expect(owner(crashed, /store\.byId$/)).to.include({ className: 'Map', entries: 5000 })
    expect(result.once).to.match(/^ERR_TWIN_CRASHED/)
  })

  it('come with the progress of both twins', () => {
    const stages = result.stages.map(({ stage }) => stage).filter((stage, at, all) => stage !== all[at - 1])
    expect(stages).to.deep.equal(['preparing', 'walking', 'measuring'])
    const last = result.stages.at(-1)
    expect(last?.done).to.equal((last?.of ?? 0) - 1)
    expect(last?.of).to.be.above(2)
    for (const { elapsedMs } of result.stages) expect(elapsedMs).to.be.at.least(0)
  })

  it('go with classes that the snapshot counts', () => {
    const { histogram } = result
    if (typeof histogram === 'string') expect.fail(histogram)
    expect(histogram.method).to.equal('heap snapshot')
    expect(histogram.reason).to.match(/a walk ended a twin/)
    expect(histogram.classes.find(({ className }) => className === 'SessionStore')?.count).to.equal(1)
  })

  it('are told in a run, whose rows are measured all the same', () => {
    const { caches, discovery, warnings, twin } = result.report
    expect(caches.map(({ status }) => status)).to.deep.equal(['released'])
    expect(twin?.attempts).to.equal(2)
    expect(warnings.map(({ message }) => message).join('\n')).to.contain('a twin ended while its heap was walked')
    if (discovery === undefined) expect.fail('no discovery')
    expect(codes(discovery)).to.include('WARN_OWNERS_BY_SNAPSHOT')
    expect(owner(discovery, /store\.byId$/)).to.include({ className: 'Map' })
  })
})
