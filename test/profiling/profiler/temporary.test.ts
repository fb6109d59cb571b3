import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import type { Amounts, TemporaryResult } from '../fixtures/temporary.js'

/** V8's own sampler tells the outermost function alone of those that were inlined into it. */
const BY_FUNCTION = ['--no-turbo-inlining', '--no-maglev-inlining']

describe('capture({ temporary: true })', function () {
  this.timeout(60_000)
  let counted: TemporaryResult
  before(async function () {
    needsJemalloc(this)
    counted = await runFixture<TemporaryResult>('profiling/fixtures/temporary', {
      preload: 'jemalloc',
      execArgv: BY_FUNCTION,
      env: { MALLOC_CONF: 'prof:true,prof_active:false,prof_accum:true' },
      timeoutMs: 50_000,
    })
  })

  const amounts = (of: Amounts | string): Amounts => {
    if (typeof of === 'string') throw new Error(of)
    return of
  }

  /** Each function drops four times as much as its pair keeps. */
  const expectRatio = ({ live, temporary }: Amounts, kept: string, dropped: string): void => {
    const [keptBytes = 0, droppedBytes = 0] = [live[kept], temporary[dropped]]
    expect(droppedBytes).to.be.within(2.5 * keptBytes, 6 * keptBytes)
    expect(keptBytes).to.be.greaterThan(500_000)
    expect(live[dropped] ?? 0).to.be.below(0.2 * keptBytes)
    expect(temporary[kept] ?? 0).to.be.below(0.2 * droppedBytes)
  }

  it("tells objects of V8's heap that are gone from those that live", () => {
    expectRatio(amounts(counted.js), 'keepObjects', 'dropObjects')
    expect(amounts(counted.js).comments).to.deep.equal([])
  })

  it('tells native memory that is freed from memory that lives', () => {
    const native = amounts(counted.native)
    // Where native stacks have no names of JavaScript the sums are left to compare.
    if (native.comments.length === 0) expectRatio(native, 'keepBytes', 'dropBytes')
    const most = (of: Readonly<Record<string, number>>): number => Math.max(...Object.values(of))
    expect(most(native.temporary)).to.be.greaterThan(2 * most(native.live))
  })

  it('shows both together', () => {
    const { temporary } = amounts(counted.all)
    expect(temporary['dropObjects']).to.be.greaterThan(500_000)
    expect(Math.max(...Object.values(temporary))).to.be.greaterThan(1.5 * (temporary['dropObjects'] ?? 0))
  })

  it('is not asked for together with leaks', () => {
    expect(counted.withLeak).to.equal('ERR_OPTION_RANGE')
  })

  it('is refused of native memory where jemalloc does not count what is freed', async () => {
    const { js, native, all } = await runFixture<TemporaryResult>('profiling/fixtures/temporary', {
      preload: 'jemalloc',
      execArgv: BY_FUNCTION,
      env: { MALLOC_CONF: 'prof:true,prof_active:false' },
      timeoutMs: 50_000,
    })
    expect([native, all]).to.deep.equal(['ERR_PROFILING_START', 'ERR_PROFILING_START'])
    expect(js.temporary['dropObjects']).to.be.greaterThan(0)
  })
})
