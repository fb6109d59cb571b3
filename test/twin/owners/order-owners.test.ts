import { expect } from 'chai'
import type { RawOwner } from '../../helpers/internals/allocator.js'
import { groupOwners, orderOwners } from '../../helpers/internals/twin-owners.js'

const LEAST_BYTES = 100

function owner(path: string, ownBytes: number, partOf = -1, entries = -1): RawOwner {
  return {
    className: path,
    path,
    script: '/app/a.js',
    label: '',
    known: -1,
    item: 0,
    siteLine: 0,
    ownBytes,
    partOf,
    entries,
  } as RawOwner
}

function orderOf(owners: readonly RawOwner[]) {
  const groups = groupOwners(owners, { owners, holders: [] })
  return orderOwners(groups, owners, LEAST_BYTES).map(({ group, bytes }) => [
    group.first.path,
    bytes,
    group.members.length,
  ])
}

describe('orderOwners()', () => {
  it('puts the largest first', () => {
    expect(orderOf([owner('a', 200), owner('b', 300)])).to.deep.equal([
      ['b', 300, 1],
      ['a', 200, 1],
    ])
  })

  it('puts what many entries of a collection hold right behind it, and weighs both', () => {
    const owners = [
      owner('uploads', 150, -1, 2),
      owner('uploads[*].body', 200, 0),
      owner('uploads[*].body', 210, 0),
      owner('other', 500),
    ]
    expect(orderOf(owners)).to.deep.equal([
      ['uploads', 560, 1],
      ['uploads[*].body', 410, 2],
      ['other', 500, 1],
    ])
  })

  it('counts entries with a collection that holds next to nothing itself, with what lies in them behind it', () => {
    const owners = [
      owner('all', 10, -1, 2),
      owner('all[*]', 200, 0),
      owner('all[*]', 200, 0),
      owner('all[*].log', 130, 1),
      owner('all[*].log', 130, 2),
    ]
    // An object in an entry is no entry of the collection itself.
    expect(orderOf(owners)).to.deep.include.members([['all', 410, 3]])
    expect(orderOf(owners).reduce((sum, [, , members]) => sum + Number(members), 0)).to.equal(owners.length)
  })

  it('leaves a single large entry on its own', () => {
    expect(orderOf([owner('all', 150, -1, 9), owner('all[*]', 900, 0)])).to.deep.equal([
      ['all[*]', 900, 1],
      ['all', 150, 1],
    ])
  })
})
