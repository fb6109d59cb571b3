import { expect } from 'chai'
import { heldByNone } from '../helpers/internals/report.js'
import type { CacheAttribution } from '../../src/index.js'

const MIB = 1024 * 1024

function stated(...rows: readonly Pick<CacheAttribution, 'status' | 'told'>[]): string {
  return heldByNone({ caches: rows as readonly CacheAttribution[] })
}

describe('who holds the floor', () => {
  it('is no cache where each was measured', () => {
    expect(stated()).to.equal('held by no cache')
    expect(stated({ status: 'released' }, { status: 'trimmed' })).to.equal('held by no cache')
  })

  it('is no measured cache where some were not, or did not come to an end', () => {
    expect(stated({ status: 'released' }, { status: 'skipped' })).to.equal('held by no measured cache; 1 skipped')
    expect(stated({ status: 'failed' }, { status: 'skipped' }, { status: 'timed-out' })).to.equal(
      'held by no measured cache; 1 skipped, 1 failed, 1 timed out',
    )
  })

  it('is what libraries tell of memory that their release does not reach, as far as they do', () => {
    const told = { bytes: 31 * MIB, source: 'SQLite' }
    expect(stated({ status: 'skipped', told }, { status: 'released', told })).to.equal(
      'held by no measured cache; 1 skipped; of it 62.00 MiB are reported by what is registered',
    )
  })
})
