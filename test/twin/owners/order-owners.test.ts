import { expect } from 'chai'
import { ITEM_KINDS } from '../../helpers/internals/allocator.js'
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
    instances: 1,
    ownBytes,
    partOf,
    entries,
  } as RawOwner
}

function orderOf(owners: readonly RawOwner[]) {
  const groups = groupOwners(owners, { owners, holders: [] })
  return orderOwners(groups, ({ partOf }) => owners[partOf], LEAST_BYTES).map(({ group, bytes }) => [
    group.first.path,
    bytes,
    group.members.length,
  ])
}

describe('groupOwners()', () => {
  it('has instances that are registered as one cache in one row, and those of another cache in another', () => {
    const cacheOf = ({ known }: RawOwner): string | null => ['users', 'users', 'sessions'][known] ?? null
    const owners = [0, 1, 2, -1, -1, 3].map((known) => ({ ...owner('kept[*]', 200), known }))
    const groups = groupOwners(owners, { owners, holders: [] }, cacheOf)
    expect(groups.map(({ members }) => members.map(({ known }) => known))).to.deep.equal([[0, 1], [2], [-1, -1], [3]])
  })
})

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
    // An object in an entry is no entry of the collection itself: it has a row, which the collection's place counts.
    expect(orderOf(owners)).to.deep.equal([
      ['all', 670, 3],
      ['all[*].log', 260, 2],
    ])
    expect(orderOf(owners).reduce((sum, [, , members]) => sum + Number(members), 0)).to.equal(owners.length)
  })

  it('minds no few that lie elsewhere, and leaves them on their own where the others are counted', () => {
    const inMap = Array.from({ length: 19 }, () => owner('uploads[*].body', 200, 0))
    const owners = [owner('uploads', 150, -1, 20), owner('pending', 120), ...inMap, owner('uploads[*].body', 200, 1)]
    expect(orderOf(owners).slice(0, 2)).to.deep.equal([
      ['uploads', 4150, 1],
      ['uploads[*].body', 4000, 20],
    ])
    const hull = [owner('uploads', 10, -1, 20), ...owners.slice(1)]
    expect(orderOf(hull).map(([path, , members]) => [path, members])).to.deep.include.members([['uploads', 1]])
    const spread = [...owners.slice(0, 12), ...Array.from({ length: 10 }, () => owner('uploads[*].body', 200, 1))]
    expect(orderOf(spread)[0]?.[0]).to.equal('uploads[*].body')
  })

  it('puts what lies in small parts of the entries behind the collection, too', () => {
    const parts = [0, 1].flatMap((index) => [
      owner('uploads[*]', 101, 0),
      owner('uploads[*]._events', 400, 1 + 2 * index),
    ])
    const order = orderOf([owner('uploads', 500, -1, 2), ...parts, owner('other', 700)])
    expect(order.map(([path]) => path)).to.deep.equal(['uploads', 'uploads[*]._events', 'uploads[*]', 'other'])
  })

  it('puts connections before what lies in them, of whichever path and script', () => {
    const sockets = { ...owner('', 120), className: 'Socket', item: ITEM_KINDS.indexOf('sockets'), instances: 7 }
    const held = { ...owner('clients[*].buffer[*]', 900, 0), script: '/app/b.js', instances: 151 }
    const single = { ...owner('cache', 5000, 0), instances: 1 }
    expect(orderOf([sockets, held, single, owner('other', 950)])).to.deep.equal([
      ['cache', 5000, 1],
      ['', 1020, 1],
      ['clients[*].buffer[*]', 900, 1],
      ['other', 950, 1],
    ])
  })

  it('leaves a single large entry on its own', () => {
    expect(orderOf([owner('all', 150, -1, 9), owner('all[*]', 900, 0)])).to.deep.equal([
      ['all[*]', 900, 1],
      ['all', 150, 1],
    ])
  })
})
