import { expect } from 'chai'
import type { Figures } from '../helpers/internals/measure.js'
import { orderWarnings, remembered, sharingWarnings } from '../helpers/internals/report.js'
import type { EarlierRun, ReportTwin } from '../helpers/internals/report.js'
import type { CacheAttribution } from '../../src/index.js'
import { KIB, MIB } from '../coordinator/world.js'

describe('memory that two caches share', () => {
  it('is found when they change places in the other order', () => {
    const earlier = run(row('users', 0.1 * MIB), row('other', 5 * MIB), row('profiles', 12 * MIB))
    const now = run(row('profiles', 0.2 * MIB), row('other', 5 * MIB), row('users', 12 * MIB))
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
    const now = run(row('profiles', 0.1 * MIB), row('users', 12 * MIB))
    expect(sharingWarnings(now, [swapped, same, swapped, same])).to.have.lengthOf(1)
  })

  it('is not what two caches show that changed in the same order', () => {
    const earlier = run(row('users', 12 * MIB), row('profiles', 1 * MIB))
    expect(sharingWarnings(run(row('users', 1 * MIB), row('profiles', 12 * MIB)), [earlier])).to.deep.equal([])
  })

  it('is not what two caches show that grew and shrank with their entries', () => {
    const earlier = run(
      row('users', 1 * MIB, { entriesBefore: 100 }),
      row('profiles', 12 * MIB, { entriesBefore: 1200 }),
    )
    const now = run(row('profiles', 1 * MIB, { entriesBefore: 100 }), row('users', 12 * MIB, { entriesBefore: 1200 }))
    expect(sharingWarnings(now, [earlier])).to.deep.equal([])
  })

  it('is not a loss and a gain of different size, nor one below a quarter of a MiB', () => {
    const large = run(row('users', 1 * MIB), row('profiles', 12 * MIB))
    expect(sharingWarnings(run(row('profiles', 6 * MIB), row('users', 20 * MIB)), [large])).to.deep.equal([])
    const small = run(row('users', 1 * KIB), row('profiles', 200 * KIB))
    expect(sharingWarnings(run(row('profiles', 1 * KIB), row('users', 200 * KIB)), [small])).to.deep.equal([])
  })

  it('is not remembered of a cache that was trimmed, skipped, or is not known', () => {
    const caches = [row('a', MIB, { status: 'trimmed' }), row('b', MIB, { status: 'skipped' }), row('c', MIB)]
    expect(remembered({ caches }).map(({ name }) => name)).to.deep.equal(['c'])
    const unknown = row('d', MIB, {
      released: { allocatedBytes: null, heapBytes: 5, mappedBytes: null, totalBytes: null },
    })
    expect(remembered({ caches: [unknown] })).to.deep.equal([])
  })

  it('is not remembered of a cache whose memory came late, was not collected, or is a mean over orders', () => {
    const late = { allocatedBytes: MIB, heapBytes: 0, mappedBytes: 0, totalBytes: MIB }
    const caches = [row('a', 2 * MIB, { late }), row('b', MIB), row('c', MIB)]
    expect(remembered({ caches }, new Set(['b'])).map(({ name }) => name)).to.deep.equal(['c'])
    const twin = { twins: 2 } as ReportTwin
    expect(remembered({ caches, twin })).to.deep.equal([])
    expect(remembered({ caches, twin: { ...twin, twins: 1 } })).to.have.lengthOf(2)
  })
})

describe('memory that caches share, in the orders of several twins', () => {
  const cache = (name: string, ...bytes: number[]): { name: string; changes: Figures[] } => ({
    name,
    changes: bytes.map((allocatedBytes) => ({ allocatedBytes, heapBytes: 0, mappedBytes: 0 })),
  })
  const reported = (...caches: { name: string; changes: Figures[] }[]): (string | undefined)[] =>
    orderWarnings(caches).map(({ code, message }) => {
      expect(code).to.equal('WARN_SHARED_MEMORY')
      return message
    })

  it('is named of both, with each other', () => {
    expect(reported(cache('a', 0, 4 * MIB), cache('own', 5 * MIB, 5 * MIB), cache('b', 4 * MIB, 0))).to.deep.equal([
      '"a" seems to hold the same values as "b": what it gives back depends on the order, by 4.00 MiB',
      '"b" seems to hold the same values as "a": what it gives back depends on the order, by 4.00 MiB',
    ])
  })

  it('is not what a row shows that moves alone: it varies, and nobody gained what it lost', () => {
    expect(reported(cache('a', 1 * MIB, 4 * MIB), cache('b', 5 * MIB, 5 * MIB))).to.deep.equal([])
    expect(reported(cache('a', 1 * MIB, 4 * MIB), cache('b', 5 * MIB, 9 * MIB))).to.deep.equal([])
    expect(reported(cache('a', 1 * MIB, 4 * MIB), cache('b', 9 * MIB, 8 * MIB))).to.deep.equal([])
  })

  it('names every cache that it may be where two pairs share as much', () => {
    const [a, b, c, d] = [
      cache('a', 0, 4 * MIB),
      cache('b', 4 * MIB, 0),
      cache('c', 0, 4 * MIB),
      cache('d', 4 * MIB, 0),
    ]
    expect(reported(a, b, c, d)[0]).to.match(/^"a" seems to hold the same values as "b" or "d":/)
  })

  it('is found among three, of which none has a partner of its own', () => {
    const messages = reported(cache('a', 9, 0, 0), cache('b', 0, 9, 0), cache('c', 0, 0, 9)).map(String)
    expect(messages).to.deep.equal([])
    const large = [cache('a', 9 * MIB, 0, 0), cache('b', 0, 9 * MIB, 0), cache('c', 0, 0, 9 * MIB)]
    expect(reported(...large)).to.have.lengthOf(3)
    expect(reported(...large)[2]).to.match(/^"c" seems to hold the same values as "a" or "b":/)
  })

  it('is nothing below 64 KiB or 2 % of a row', () => {
    expect(reported(cache('a', 0, 60 * KIB), cache('b', 60 * KIB, 0))).to.deep.equal([])
    expect(reported(cache('a', 100 * MIB, 101 * MIB), cache('b', 101 * MIB, 100 * MIB))).to.deep.equal([])
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
