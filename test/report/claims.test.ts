import { expect } from 'chai'
import { claimWarnings } from '../helpers/internals/report.js'
import type { CacheAttribution, ReportWarning } from '../../src/index.js'
import { KIB, MIB } from '../coordinator/world.js'

describe('a claim that a measurement contradicts', () => {
  const warned = (
    caches: readonly CacheAttribution[],
    warnings: readonly ReportWarning[] = [],
    uncollected: readonly string[] = [],
  ): string[] =>
    claimWarnings(caches, warnings, new Set(uncollected)).map(({ code, message, cache }) => {
      expect({ code, cache }).to.deep.equal({ code: 'WARN_CLAIM_CONTRADICTED', cache: 'users' })
      return message
    })

  it('is told with both figures, and no cause and no other cache', () => {
    const caches = [row('users', 0.1 * MIB, { claimedBytes: 12 * MIB }), row('profiles', 12.2 * MIB)]
    expect(warned(caches)).to.deep.equal(['"users" claims 12.00 MiB, and 102.4 KiB came back'])
  })

  it('is not told of a cache that was not emptied, failed, was not collected after, or came late', () => {
    const late = { allocatedBytes: MIB, heapBytes: 0, mappedBytes: 0, totalBytes: MIB }
    for (const part of [
      { entriesAfter: 5 },
      { status: 'failed' },
      { status: 'skipped' },
      { window: 'drift-corrected' },
      { entriesAfter: null },
      { late },
    ] as const) {
      expect(warned([row('users', 0, { claimedBytes: 12 * MIB, ...part })])).to.deep.equal([])
    }
    expect(warned([row('users', 0, { claimedBytes: 12 * MIB })], [], ['users'])).to.deep.equal([])
  })

  it('is not told of a tenth that came back, of a small claim, or of what is not known', () => {
    expect(warned([row('users', 1.3 * MIB, { claimedBytes: 12 * MIB })])).to.deep.equal([])
    expect(warned([row('users', 0, { claimedBytes: 200 * KIB })])).to.deep.equal([])
    const unknown = { allocatedBytes: null, heapBytes: 0, mappedBytes: null, totalBytes: null }
    expect(warned([row('users', 0, { claimedBytes: 12 * MIB, released: unknown })])).to.deep.equal([])
  })

  it('is not told beside another warning about that cache', () => {
    const caches = [row('users', 0, { claimedBytes: 12 * MIB })]
    expect(
      warned(caches, [
        { code: 'WARN_RELEASED_OTHER', message: 'the release of "a" emptied "users" too', caches: ['a', 'users'] },
      ]),
    ).to.deep.equal([])
    expect(warned(caches, [{ code: 'WARN_TWIN_FIRST_TURN', message: 'it goes on', cache: 'users' }])).to.deep.equal([])
    expect(warned(caches, [{ code: 'WARN_WORKER_THREAD', message: 'measured in a worker thread' }])).to.have.lengthOf(1)
  })

  describe('of a cache that was trimmed', () => {
    const trimmed = (bytes: number | null, error: number | null, part: Partial<CacheAttribution> = {}): string[] => {
      const estimated = { allocatedBytes: bytes, heapBytes: 0, mappedBytes: 0, totalBytes: bytes }
      const ofTrim = { status: 'trimmed', estimated, estimatedUncertaintyBytes: error, entriesAfter: 95 } as const
      return warned([row('users', 0, { ...ofTrim, claimedBytes: 12 * MIB, ...part })])
    }

    it('is told by an estimate of next to nothing, its error included', () => {
      expect(trimmed(0.1 * MIB, 0.2 * MIB)).to.deep.equal([
        '"users" claims 12.00 MiB, and 102.4 KiB is what a trim estimates',
      ])
    })

    it('is not told where the estimate is larger, may be, or is not known', () => {
      expect(trimmed(2 * MIB, 0.2 * MIB)).to.deep.equal([])
      expect(trimmed(0.1 * MIB, 2 * MIB)).to.deep.equal([])
      expect(trimmed(0.1 * MIB, null)).to.deep.equal([])
      expect(trimmed(null, null)).to.deep.equal([])
      expect(trimmed(0, 0, { window: 'drift-corrected' })).to.deep.equal([])
      expect(trimmed(0, 0, { status: 'failed' })).to.deep.equal([])
    })
  })
})

function row(name: string, bytes: number, part: Partial<CacheAttribution> = {}): CacheAttribution {
  return {
    name,
    status: 'released',
    released: { allocatedBytes: bytes, heapBytes: 0, mappedBytes: null, totalBytes: bytes },
    uncertainty: { allocatedBytes: 8 * KIB, heapBytes: 16 * KIB, mappedBytes: null },
    uncertaintyBytes: 18 * KIB,
    significant: true,
    entriesBefore: 100,
    entriesAfter: 0,
    claimedBytes: null,
    window: 'atomic',
    settled: true,
    pauseMs: 20,
    durationMs: 20,
    ...part,
  }
}
