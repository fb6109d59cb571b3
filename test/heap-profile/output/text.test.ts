import { expect } from 'chai'
import { toFolded, formatTopTable, topTable } from '../../../src/heap-profile/index.js'
import { ProfileBuilder } from '../../helpers/internals/heap-profile-profile.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'

function profileOf(...stacks: (readonly [names: string, bytes: number])[]): HeapProfile {
  const builder = new ProfileBuilder({ source: 'v8', sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] })
  for (const [names, bytes] of stacks) {
    builder.add(
      names.split(' ').map((name) => builder.named(name)),
      [bytes],
    )
  }
  return builder.build()
}

describe('topTable()', () => {
  it('counts a stack once for each function, however often it recurs', () => {
    const { rows, total } = topTable(profileOf(['walk walk walk main', 10], ['read main', 5]))
    expect(total).to.equal(15)
    const unknown = { flatUncertainty: null, cumulativeUncertainty: null }
    expect(rows).to.deep.equal([
      { name: 'walk', flat: 10, cumulative: 10, ...unknown },
      { name: 'read', flat: 5, cumulative: 5, ...unknown },
      { name: 'main', flat: 0, cumulative: 15, ...unknown },
    ])
  })

  it('blames no allocator, unless it is asked to', () => {
    const profile = profileOf(['je_prof malloc grow main', 10])
    expect(topTable(profile).rows[0]?.name).to.equal('grow')
    expect(topTable(profile, { allocatorFrames: true }).rows[0]?.name).to.equal('je_prof')
  })

  it('leaves a stack that is all allocator as it is', () => {
    expect(topTable(profileOf(['free malloc', 10])).rows[0]?.name).to.equal('free')
  })

  it('says what kinds of values there are, for one that there is not', () => {
    expect(() => topTable(profileOf(['main', 1]), { type: 'alloc_space' })).to.throw(
      /^ERR_PROFILE_COLUMN: .*only inuse_space; .*prof_accum/,
    )
  })
})

describe('formatTopTable()', () => {
  it('shows the first rows, and how many are left', () => {
    const text = formatTopTable(topTable(profileOf(['a main', 2048], ['b main', 1024])), { limit: 1 })
    expect(text).to.match(/^inuse_space: 3\.00 KiB in all\n/)
    expect(text).to.match(/2\.00 KiB +66\.7 % +66\.7 % +2\.00 KiB +66\.7 % +a\n… and 2 more\n$/)
  })

  it('has the sampling error beside each amount, where the profile says how it was sampled', () => {
    const profile = { ...profileOf(['a main', 2 ** 30]), sampleIntervalBytes: 2 ** 20 }
    const [, , head, first] = formatTopTable(topTable(profile)).split('\n')
    expect(head?.split(/ {2,}/).filter(Boolean)).to.deep.equal([
      ...'flat|±|flat %|sum %|cumulative|±|cum %|function'.split('|'),
    ])
    expect(first).to.match(/1\.00 GiB {2,}62\.75 MiB {2,}100\.0 %/)
  })
})

describe('toFolded()', () => {
  it('writes outermost calls first, equal stacks once, and keeps names on their line', () => {
    const folded = toFolded(profileOf(['a;b main', 5], ['a:b main', 1], ['x\ny main', 2], ['main', 0.2]))
    expect(folded.split('\n').toSorted()).to.deep.equal(['', 'main;a:b 1', 'main;a:b 5', 'main;x\\u{a}y 2'])
  })
})
