import { expect } from 'chai'
import type { Discovery, Owner } from '../../../src/twin/index.js'
import { joinDiscoveries } from '../../helpers/internals/report-discovery.js'

function owner(path: string, totalBytes: number, rest: Partial<Owner> = {}): Owner {
  const bytes = { heapBytes: totalBytes, memoryBytes: 0, totalBytes }
  return {
    path,
    script: '/app/server.js',
    package: null,
    kind: 'collection',
    className: 'Map',
    entries: 1,
    instances: 1,
    released: null,
    uncertaintyBytes: null,
    returned: null,
    disagreement: null,
    own: bytes,
    retained: bytes,
    partOf: null,
    sharedBy: [],
    cache: null,
    ...rest,
  }
}

function discovery(owners: readonly Owner[], rest: Partial<Discovery> = {}): Discovery {
  const live = { totalBytes: 100, heapBytes: 90, memoryBytes: 10, mappedBytes: 0, ownedBytes: 60, restBytes: 40 }
  return {
    owners,
    live: { ...live, usedHeapBytes: 95, allocatedBytes: 500, engineBytes: 30 },
    packages: [
      { of: 'application', package: null, totalBytes: 100, ownedBytes: 60, kinds: [{ kind: 'data', totalBytes: 100 }] },
    ],
    others: { count: 1, totalBytes: 5 },
    noise: { allocatedBytes: 1, heapBytes: null, mappedBytes: 3 },
    durationMs: { walking: 10, measuring: 20 },
    warnings: [{ code: 'WARN_BUDGET_ENDED', message: 'ended' }],
    ...rest,
  }
}

describe('joinDiscoveries()', () => {
  const main = discovery([owner('a', 50), owner('b', 10, { partOf: 0, sharedBy: [0] })])
  const worker = discovery([owner('c', 40), owner('c[*]', 70, { partOf: 0 })], {
    noise: { allocatedBytes: 2, heapBytes: 4, mappedBytes: null },
  })
  const parts = [
    { threadId: 0, discovery: main },
    { threadId: 3, discovery: worker },
  ]

  it('lists the largest first, and the entries of a collection behind it', () => {
    const { owners } = joinDiscoveries(parts, 10)
    expect(owners.map(({ path, threadId }) => [path, threadId])).to.deep.equal([
      ['a', 0],
      ['c', 3],
      ['c[*]', 3],
      ['b', 0],
    ])
    expect(owners.map(({ partOf, sharedBy }) => [partOf, sharedBy])).to.deep.equal([
      [null, []],
      [null, []],
      [1, []],
      [0, [0]],
    ])
  })

  it('has in the others what is beyond the limit, and no reference to it', () => {
    const { owners, others } = joinDiscoveries(parts, 3)
    expect(owners).to.have.length(3)
    expect(others).to.deep.equal({ count: 3, totalBytes: 20 })
    const ofWorker = { threadId: 3, discovery: discovery([owner('c', 1), owner('c[*]', 70, { partOf: 1 })]) }
    expect(joinDiscoveries([ofWorker], 1).owners[0]?.partOf).to.equal(null)
  })

  it('adds up heaps, and has what the process has once', () => {
    const { live, packages, noise, durationMs } = joinDiscoveries(parts, 10)
    expect(live).to.include({
      totalBytes: 200,
      usedHeapBytes: 190,
      ownedBytes: 120,
      allocatedBytes: 500,
      engineBytes: 30,
    })
    expect(packages?.map(({ totalBytes, kinds }) => [totalBytes, kinds[0]?.totalBytes])).to.deep.equal([[200, 200]])
    expect(noise).to.deep.equal({ allocatedBytes: 2, heapBytes: 4, mappedBytes: 3 })
    expect(durationMs).to.deep.equal({ walking: 20, measuring: 40 })
  })

  it('says of a warning which worker it is of', () => {
    expect(joinDiscoveries(parts, 10).warnings.map(({ message }) => message)).to.deep.equal([
      'ended',
      'worker 3: ended',
    ])
  })

  it('is of those whose heap was walked', () => {
    const { live } = joinDiscoveries([{ threadId: 0, discovery: discovery([], { live: null }) }, ...parts.slice(1)], 10)
    expect(live?.totalBytes).to.equal(100)
  })
})
