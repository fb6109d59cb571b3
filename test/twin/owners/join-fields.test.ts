import { expect } from 'chai'
import type { RawOwner, RawShared } from '../../helpers/internals/allocator.js'
import type { Owner } from '../../../src/twin/index.js'
import { NO_TRAITS, ownersOf } from '../../helpers/internals/twin-owners.js'
import type { CollectionTraits } from '../../helpers/internals/twin-owners.js'
import { rawOwner } from './raw-owner.js'

const LEAST_BYTES = 64
const EMPTY = { readOnlyBytes: 0, mappedBytes: 0, tableBytes: 0, parts: [], items: [], holders: [], restBytes: 0 }
const ALL: CollectionTraits = { isCollection: () => true, entriesOf: () => 7 }

function raw(path: string, ownBytes: number, partOf = -1, rest: Partial<RawOwner> = {}): RawOwner {
  return rawOwner(path, ownBytes, { partOf, ...rest })
}

function instance(path: string, ownBytes: number, partOf = -1, className = 'LRUCache'): RawOwner {
  return raw(path, ownBytes, partOf, { className, entries: -1, object: {} })
}

const sharing = (owner: number, firstPath: string, secondPath: string, count: number): RawShared => ({
  owner,
  firstPath,
  secondPath,
  firstScript: 'file:///app/server.js',
  secondScript: 'file:///app/server.js',
  count,
  bytes: 100,
})

function rows(owners: readonly RawOwner[], traits = NO_TRAITS, shared: readonly RawShared[] = []) {
  const totalBytes = owners.reduce((sum, { ownBytes }) => sum + ownBytes, 0)
  const found = ownersOf({ ...EMPTY, objectBytes: totalBytes, totalBytes, owners, shared }, [], 20, LEAST_BYTES, traits)
  const listed = found.owners.reduce((sum, { row }) => sum + row.own.totalBytes, 0)
  // Nothing is lost or counted twice, whatever is joined.
  expect(listed + found.others.totalBytes + found.live.restBytes).to.equal(totalBytes)
  return { ...found, owners: found.owners.map(({ row }) => row), objects: found.owners.map(({ objects }) => objects) }
}

const brief = (owners: readonly Owner[]): (string | number | null)[][] =>
  owners.map(({ path, own, entries }) => [path, own.totalBytes, entries])

describe('joinFields()', () => {
  const cache = [
    instance('users', 10),
    raw('users.#keys', 300, 0),
    raw('users.#list', 200, 0, { className: 'Array' }),
    raw('users.#list[*].body', 90, 2, { className: 'Uint8Array', entries: -1 }),
    raw('users.#list[*].body', 95, 2, { className: 'Uint8Array', entries: -1 }),
  ]

  it('tells a cache with its collections in one row, with what each of them holds', () => {
    const { owners, objects } = rows(cache, ALL)
    expect(brief(owners)).to.deep.equal([
      ['users', 510, 7],
      ['users.#list[*].body', 185, null],
    ])
    expect(owners[0]).to.deep.include({ kind: 'collection', className: 'LRUCache' })
    expect(owners[0]?.fields).to.deep.equal([
      { path: '#keys', className: 'Map', entries: 10, totalBytes: 300 },
      { path: '#list', className: 'Array', entries: 10, totalBytes: 200 },
    ])
    // Memory in its entries is part of it, and it is emptied as a whole.
    expect(owners[1]?.partOf).to.equal(0)
    expect(owners[0]?.retained.totalBytes).to.equal(695)
    expect(objects[0]?.length).to.be.lessThan(2)
  })

  it('counts entries that are owners themselves with the field that they lie in', () => {
    const entry = { className: 'Uint8Array', entries: -1 }
    const owners = [instance('users', 10), raw('users.#list', 20, 0, { className: 'Array' })]
    const entries = [raw('users.#list[*]', 90, 1, entry), raw('users.#list[*]', 95, 1, entry)]
    const found = rows([...owners, ...entries], ALL).owners
    expect(brief(found)).to.deep.equal([['users', 215, 7]])
    expect(found[0]?.fields?.[0]).to.include({ path: '#list', totalBytes: 205 })
  })

  it('keeps the collections of a hub apart, and says nothing of the hub', () => {
    const { owners, live } = rows([instance('app', 10, -1, 'App'), raw('app.users', 300, 0), raw('app.orders', 200, 0)])
    expect(brief(owners)).to.deep.equal([
      ['app.users', 300, 10],
      ['app.orders', 200, 10],
    ])
    expect(live.restBytes).to.equal(10)
    expect(owners.map(({ partOf }) => partOf)).to.deep.equal([null, null])
  })

  it('joins fields that hold the same entries, and no other field of the object', () => {
    const owners = [
      instance('shop', 100, -1, 'Shop'),
      raw('shop.users', 70, 0, { object: new Map() }),
      raw('shop.byMail', 80, 0, { object: new Map() }),
      raw('shop.orders', 300, 0),
    ]
    const { owners: found, shared } = rows(owners, NO_TRAITS, [sharing(0, 'shop.users', 'shop.byMail', 9)])
    expect(brief(found)).to.deep.equal([
      ['shop.orders', 300, 10],
      ['shop', 250, 10],
    ])
    expect(found[1]?.fields?.map(({ path }) => path)).to.deep.equal(['byMail', 'users'])
    expect(found[0]?.partOf).to.equal(1)
    // Memory in one row is not told as shared.
    expect(shared).to.deep.equal([])
    const apart = rows(owners, NO_TRAITS, [sharing(0, 'shop.users', 'shop.byMail', 3)])
    expect(apart.owners).to.have.length(4)
    expect(apart.shared).to.have.length(1)
  })

  it('is of fields: what lies in entries, in variables or in another script is not joined', () => {
    const owners = [
      instance('container', 70),
      raw('container.services[*].users', 300, 0),
      raw('createQueue() › pending', 200, 0),
      raw('container.other', 150, 0, { script: 'file:///app/other.js' }),
    ]
    expect(rows(owners, ALL).owners).to.have.length(4)
  })

  it('has an instance of little with the collection whose entry it is', () => {
    const owners = [
      raw('uploads', 300),
      instance('uploads[*]', 5, 0, 'Upload'),
      instance('uploads[*]', 6, 0, 'Upload'),
      raw('uploads[*].body', 90, 1, { entries: -1 }),
      raw('uploads[*].body', 91, 2, { entries: -1 }),
    ]
    const { owners: found } = rows(owners)
    expect(brief(found)).to.deep.equal([
      ['uploads', 311, 10],
      ['uploads[*].body', 181, null],
    ])
    expect(found[1]?.partOf).to.equal(0)
  })

  it('tells equal caches of many places in one row', () => {
    const of = (first: number): RawOwner[] => [instance('tenants[*]', 10), raw('tenants[*].#keys', 300, first)]
    expect(brief(rows([...of(0), ...of(2)], ALL).owners)).to.deep.equal([['tenants[*]', 620, 14]])
  })
})
