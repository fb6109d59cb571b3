import { expect } from 'chai'
import { SelfCheck, selfCheckWarnings, worstSelfCheck } from '../helpers/internals/report.js'
import type { ReportSelfCheck } from '../helpers/internals/report.js'

const MIB = 1024 * 1024
const known = { allocatedBytes: MIB, heapBytes: MIB }

/** The check over windows that were so far off; how many of them it took. */
function checked(...errors: readonly (readonly [allocated: number | null, heap: number])[]): ReportSelfCheck | null {
  const check = new SelfCheck()
  for (const [allocated, heap] of errors) {
    if (check.isOver) break
    const allocatedBytes = allocated === null ? null : MIB + allocated
    check.note(known, { allocatedBytes, heapBytes: MIB + heap, mappedBytes: null })
  }
  return check.result()
}

describe('SelfCheck', () => {
  it('is nothing before the first window', () => {
    expect(checked()).to.equal(null)
    expect(selfCheckWarnings(null)).to.deep.equal([])
  })

  it('is over with the first window within tolerance', () => {
    const first = checked([20_000, -30_000], [MIB, MIB])
    expect(first).to.include({ holds: true, attempts: 1, expectedBytes: 2 * MIB, measuredBytes: 2 * MIB - 10_000 })
    expect(selfCheckWarnings(first)).to.deep.equal([])
    // One that V8 compiled in proves nothing.
    expect(checked([0, -200_000], [0, 0])).to.include({ holds: true, attempts: 2, measuredBytes: 2 * MIB })
  })

  it('takes the median where none is, each quantity by itself', () => {
    const noisy = checked([MIB, 0], [-MIB, 0], [0, MIB])
    expect(noisy).to.include({ holds: true, attempts: 3, measuredBytes: 2 * MIB })
    const miscounted = checked([MIB, 0], [MIB, 100_000], [1.2 * MIB, 0])
    expect(miscounted).to.include({ holds: false, attempts: 3 })
    expect(miscounted?.allocated?.factor).to.equal(2)
    const [warning, ...others] = selfCheckWarnings(miscounted)
    expect(others).to.deep.equal([])
    expect(warning?.code).to.equal('WARN_SELF_CHECK')
    expect(warning?.message).to.include('2.00 MiB for 1.00 MiB (factor 2.00) in the allocator')
    expect(warning?.message).to.not.include('JS heap')
  })

  it('does not let errors of both quantities cancel each other', () => {
    const opposite = [MIB / 2, -MIB / 2] as const
    const check = checked(opposite, opposite, opposite)
    expect(check).to.include({ holds: false, factor: 1 })
    expect(selfCheckWarnings(check)[0]?.message).to.match(
      /factor 1\.50.*in the allocator.*factor 0\.50.*on the JS heap/,
    )
  })

  it('is of the heap alone where the allocator tells nothing', () => {
    expect(checked([null, 0])).to.include({ holds: true, allocated: null, expectedBytes: MIB, measuredBytes: MIB })
    expect(checked([null, MIB], [null, MIB], [null, MIB])).to.include({ holds: false, allocated: null, factor: 2 })
  })

  it('is of several twins the one that was farthest off', () => {
    const off = checked([MIB, 0], [MIB, 0], [MIB, 0])
    const [right, nearly] = [checked([0, 0]), checked([-10_000, 0])]
    const all = [right, off, nearly].flatMap((check) => check ?? [])
    expect(worstSelfCheck(all)).to.equal(off)
    expect(worstSelfCheck(all.filter(({ holds }) => holds))).to.equal(nearly)
    expect(worstSelfCheck([])).to.equal(null)
  })
})
