import { expect } from 'chai'
import { remembered, sharingWarnings } from '../../src/report/sharing.js'
import type { EarlierRun } from '../../src/report/sharing.js'
import type { CacheAttribution } from '../../src/report/types.js'
import { KIB, MIB } from '../coordinator/world.js'

describe('memory that two caches share', () => {
  it('is found when they change places in the other order', () => {
    const earlier = run(row('users', 0.1 * MIB), row('other', 5 * MIB), row('profiles', 12 * MIB))
    const now = [row('profiles', 0.2 * MIB), row('other', 5 * MIB), row('users', 12 * MIB)]
    const warnings = sharingWarnings(now, [earlier])
    expect(warnings).to.have.lengthOf(1)
    expect(warnings[0]).to.include({ code: 'WARN_SHARED_MEMORY', cache: 'profiles' })
    expect(warnings[0]?.message).to.match(
      /^"profiles" and "users" seem to hold the same values: about 11\.90 MiB .* here "users"/,
    )
  })

  it('is found in any of the runs before, and said once', () => {
    const swapped = run(row('users', 0.1 * MIB), row('profiles', 12 * MIB))
    const same = run(row('profiles', 0.1 * MIB), row('users', 12 * MIB))
    const now = [row('profiles', 0.1 * MIB), row('users', 12 * MIB)]
    expect(sharingWarnings(now, [swapped, same, swapped, same])).to.have.lengthOf(1)
  })

  it('is not what two caches show that changed in the same order', () => {
    const earlier = run(row('users', 12 * MIB), row('profiles', 1 * MIB))
    expect(sharingWarnings([row('users', 1 * MIB), row('profiles', 12 * MIB)], [earlier])).to.deep.equal([])
  })

  it('is not what two caches show that grew and shrank with their entries', () => {
    const earlier = run(
      row('users', 1 * MIB, { entriesBefore: 100 }),
      row('profiles', 12 * MIB, { entriesBefore: 1200 }),
    )
    const now = [row('profiles', 1 * MIB, { entriesBefore: 100 }), row('users', 12 * MIB, { entriesBefore: 1200 })]
    expect(sharingWarnings(now, [earlier])).to.deep.equal([])
  })

  it('is not a loss and a gain of different size, nor one below a quarter of a MiB', () => {
    const large = run(row('users', 1 * MIB), row('profiles', 12 * MIB))
    expect(sharingWarnings([row('profiles', 6 * MIB), row('users', 20 * MIB)], [large])).to.deep.equal([])
    const small = run(row('users', 1 * KIB), row('profiles', 200 * KIB))
    expect(sharingWarnings([row('profiles', 1 * KIB), row('users', 200 * KIB)], [small])).to.deep.equal([])
  })

  it('is told in the first run by what a cache claims and does not give back, with the one that did', () => {
    const now = [row('users', 0.1 * MIB, { claimedBytes: 12 * MIB }), row('profiles', 12.2 * MIB)]
    expect(sharingWarnings(now, [])[0]?.message).to.match(/^"users" and "profiles" seem to hold the same values/)
  })

  it('may be held by something that is not registered', () => {
    const now = [row('users', 0.1 * MIB, { claimedBytes: 12 * MIB }), row('small', MIB)]
    expect(sharingWarnings(now, [])[0]?.message).to.equal(
      '"users" claims 12.00 MiB and gave back 102.4 KiB: something else holds its values, or it overstates',
    )
  })

  it('is not claimed by a cache that was not emptied, failed, or was not collected after', () => {
    for (const part of [
      { entriesAfter: 5 },
      { status: 'failed' },
      { window: 'drift-corrected' },
      { entriesAfter: null },
    ] as const) {
      expect(sharingWarnings([row('users', 0, { claimedBytes: 12 * MIB, ...part })], [])).to.deep.equal([])
    }
  })

  describe('of a cache that was trimmed', () => {
    const trimmed = (bytes: number | null, error: number | null, part: Partial<CacheAttribution> = {}): string[] => {
      const whole = { allocatedBytes: bytes, heapBytes: 0, mappedBytes: null, totalBytes: bytes }
      const ofTrim = {
        status: 'trimmed',
        estimated: whole,
        estimatedUncertaintyBytes: error,
        entriesAfter: 95,
      } as const
      const users = row('users', 0, { ...ofTrim, claimedBytes: 12 * MIB, ...part })
      // What came back of the one after it is a part, and says nothing of where those bytes are.
      return sharingWarnings([users, row('profiles', 12 * MIB, { status: 'trimmed' })], []).map(
        ({ message }) => message,
      )
    }

    it('is told by an estimate of next to nothing, its error included', () => {
      expect(trimmed(0.1 * MIB, 0.2 * MIB)).to.deep.equal([
        '"users" claims 12.00 MiB and is estimated at 102.4 KiB: something else holds its values, or it overstates',
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

  it('is not claimed by a cache that was not collected after, though what holds its bytes may be one', () => {
    const now = [row('users', 0, { claimedBytes: 12 * MIB }), row('profiles', 12.2 * MIB)]
    expect(sharingWarnings(now, [], [], new Set(['users']))).to.deep.equal([])
    expect(sharingWarnings(now, [], [], new Set(['profiles']))).to.have.lengthOf(1)
  })

  it('is not a cache that another one emptied before its turn', () => {
    const emptied = { code: 'WARN_RELEASED_OTHER', message: 'the release of "a" emptied "users" too' } as const
    expect(sharingWarnings([row('users', 0, { claimedBytes: 12 * MIB })], [], [emptied])).to.deep.equal([])
  })

  it('is not remembered of a cache that was trimmed, skipped, or is not known', () => {
    const caches = [row('a', MIB, { status: 'trimmed' }), row('b', MIB, { status: 'skipped' }), row('c', MIB)]
    expect(remembered({ caches }).map(({ name }) => name)).to.deep.equal(['c'])
    const unknown = row('d', MIB, {
      released: { allocatedBytes: null, heapBytes: 5, mappedBytes: null, totalBytes: null },
    })
    expect(remembered({ caches: [unknown] })).to.deep.equal([])
  })
})

function run(...caches: CacheAttribution[]): EarlierRun {
  return remembered({ caches })
}

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
