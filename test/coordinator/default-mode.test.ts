/** The default loses nothing: a run that names no mode is made in a twin, or is refused. */
import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'
import type { DefaultModeResult } from './fixtures/default-mode.js'

describe('a run that names no mode', () => {
  let result: DefaultModeResult
  /** Where no twin can be made: the address space has a limit, however large. */
  let limited: DefaultModeResult
  before(async () => {
    result = await runFixture<DefaultModeResult>('coordinator/fixtures/default-mode')
    const through = ['sh', '-c', 'ulimit -v 1000000000000 && exec "$0" "$@"']
    limited = await runFixture<DefaultModeResult>('coordinator/fixtures/default-mode', { through })
  })

  it('is made in a twin where one can be made, and every entry stays', function () {
    if (result.reason !== null) this.skip()
    for (const { outcome, left, allocatedBytes } of result.runs.slice(0, 3)) {
      expect({ outcome, left }).to.deep.equal({ outcome: 'twin', left: 100 })
      expect(allocatedBytes).to.be.greaterThan(100_000)
    }
  })

  it('is refused where none can be made, with the reason and the cure, and every entry stays', () => {
    const { reason, runs } = limited
    expect(reason).to.be.a('string')
    for (const { outcome, code, left } of runs.slice(0, 3)) {
      expect({ code, left }).to.deep.equal({ code: 'ERR_TWIN_UNSUPPORTED', left: 100 })
      expect(outcome).to.contain(reason).and.to.contain("mode 'release'").and.to.contain("mode 'trim'")
    }
  })

  it('empties or trims the live caches only where the call or the coordinator asks for it', () => {
    for (const { runs } of [result, limited]) {
      const [released, trimmed, byCoordinator] = runs.slice(3)
      for (const run of [released, byCoordinator]) expect(run).to.include({ outcome: 'release', left: 0 })
      expect(trimmed?.outcome).to.equal('trim')
      expect(trimmed?.left).to.be.within(40, 50)
    }
  })
})
