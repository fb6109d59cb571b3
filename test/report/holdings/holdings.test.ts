import { expect } from 'chai'
import { buildBreakdown } from '../../helpers/internals/report-breakdown.js'
import type { CacheBytes } from '../../helpers/internals/report-breakdown.js'
import type { MemoryNode } from '../../../src/index.js'
import type { Discovery, Owner } from '../../../src/twin/index.js'
import type { PackageCost } from '../../helpers/internals/report-discovery.js'
import { holdingsOf, treeOfSample } from '../../helpers/internals/report-holdings.js'
import type { Holding, Holdings } from '../../helpers/internals/report-holdings.js'
import { MIB, heap, readings } from '../breakdown/readings.js'
import { discoveryOf, ownerOf } from '../owners.js'
import { report, row, sample } from '../reports.js'

const CACHES: readonly CacheBytes[] = [
  { name: 'users', allocatedBytes: 10 * MIB, heapBytes: 20 * MIB, mappedBytes: null },
  { name: 'pages', allocatedBytes: 5 * MIB, heapBytes: 0, mappedBytes: null },
]

function sumOf(rows: readonly Pick<Holding, 'bytes'>[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** All rows in whole bytes, none negative, each of a key of its own, and together RSS. */
function checked(holdings: Holdings): Holdings {
  const { rows, rssBytes } = holdings
  expect(sumOf(rows), 'sum of the rows').to.equal(rssBytes)
  expect(new Set(rows.map(({ key }) => key)).size).to.equal(rows.length)
  expect(rows.filter(({ bytes }) => !Number.isSafeInteger(bytes) || bytes <= 0)).to.deep.equal([])
  return holdings
}

function bytesOf({ rows }: Holdings, key: string): number | null {
  return rows.find((each) => each.key === key)?.bytes ?? null
}

/** 50 MiB that the graph reaches: 30 of owners, of which 10 lie in another; 15 of packages; 5 in small pieces. */
function walked(owners?: readonly Owner[]): Discovery {
  const outer = ownerOf('store', 20 * MIB)
  const inner = ownerOf('store.index', 10 * MIB, { partOf: 0 })
  const cost = (of: PackageCost['of'], totalBytes: number, ownedBytes: number): PackageCost => ({
    ...{ of, package: of === 'package' ? 'lodash' : null, totalBytes, ownedBytes },
    kinds: [{ kind: 'bytecode', totalBytes }],
  })
  return {
    ...discoveryOf(owners ?? [outer, inner]),
    live: { totalBytes: 50 * MIB, ownedBytes: 30 * MIB, restBytes: 20 * MIB },
    packages: [
      cost('application', 40 * MIB, 30 * MIB),
      { ...cost('node', 3 * MIB, 0), nativeBytes: 2 * MIB },
      cost('package', 2 * MIB, 0),
    ],
  }
}

describe('holdingsOf()', () => {
  const tree = buildBreakdown(readings({ caches: CACHES }))
  const none = { report: null, discovery: null, isAfterRelease: false } as const

  it('adds up to RSS before anything was found, with all that has no holder in one row', () => {
    const holdings = checked(holdingsOf({ tree, ...none }))
    expect(bytesOf(holdings, 'cache:users')).to.equal(30 * MIB)
    expect(bytesOf(holdings, 'cache:pages')).to.equal(5 * MIB)
    expect(holdings.rows.filter(({ kind }) => kind === 'unknown').map(({ name }) => name)).to.deep.equal([
      'not divided yet',
    ])
    // 80 MiB live on the heap and 40 of the allocator, less the caches.
    expect(bytesOf(holdings, 'unknown')).to.be.within(80 * MIB, 85 * MIB)
    expect(holdings.rows.map(({ bytes }) => bytes)).to.deep.equal(
      holdings.rows.map(({ bytes }) => bytes).toSorted((a, b) => b - a),
    )
  })

  it('divides live memory by owners with what lies in them, by packages, and by what is small', () => {
    const found = checked(holdingsOf({ tree, report: null, discovery: walked(), isAfterRelease: false }))
    const before = checked(holdingsOf({ tree, ...none }))
    const [owner] = found.rows.filter(({ owner: each }) => each?.path === 'store')
    expect(owner?.bytes).to.equal(30 * MIB)
    expect(bytesOf(found, 'package:application:')).to.equal(10 * MIB)
    expect(bytesOf(found, 'package:node:'), 'native memory of Node included').to.equal(5 * MIB)
    expect(bytesOf(found, 'package:package:lodash')).to.equal(2 * MIB)
    expect(bytesOf(found, 'owner:rest')).to.equal(5 * MIB)
    expect(bytesOf(found, 'unknown')).to.equal((bytesOf(before, 'unknown') ?? 0) - 52 * MIB)
    expect(found.rows.find(({ kind }) => kind === 'unknown')?.name).to.equal('not known')
    expect(found.isCut).to.equal(false)
  })

  it('puts small owners into the row of those that are small, also one alone', () => {
    const owners = [ownerOf('store', 30 * MIB - 1000), ownerOf('tiny', 1000)]
    const { rows } = checked(holdingsOf({ tree, report: null, discovery: walked(owners), isAfterRelease: false }))
    const rest = rows.find(({ key }) => key === 'owner:rest')
    expect(rest?.bytes).to.equal(5 * MIB + 1000)
    expect(rest?.parts.at(-1)).to.deep.equal({ name: rest?.parts.at(-1)?.name, bytes: 1000 })
    expect(rest?.parts.at(-1)?.name).to.contain('tiny')
    expect(rows.filter(({ owner }) => owner !== null)).to.have.length(1)
  })

  it('takes a cache that the graph found for the same memory, unless it was empty by then', () => {
    const owners = [ownerOf('users', 30 * MIB, { cache: 'users' })]
    const rowsOf = (isAfterRelease: boolean, caches: readonly CacheBytes[] = CACHES): Holdings =>
      checked(
        holdingsOf({
          tree: buildBreakdown(readings({ caches })),
          report: null,
          discovery: walked(owners),
          isAfterRelease,
        }),
      )
    expect(rowsOf(false).rows.filter(({ owner }) => owner !== null)).to.deep.equal([])
    expect(rowsOf(true).rows.find(({ owner }) => owner !== null)?.name).to.equal('kept by "users" when it is released')
    const unmeasured = rowsOf(false, []).rows.find(({ key }) => key === 'cache:users')
    expect(unmeasured?.bytes).to.equal(30 * MIB)
    expect(unmeasured?.row).to.equal(null)
  })

  it('cuts what was found in proportion where less lives now, and says so', () => {
    const small = buildBreakdown(readings({ isolates: [heap('main thread', { used: 4, size: 100, available: 90 })] }))
    const holdings = checked(holdingsOf({ tree: small, report: null, discovery: walked(), isAfterRelease: false }))
    expect(holdings.isCut).to.equal(true)
    const [owner] = holdings.rows.filter(({ owner: each }) => each?.path === 'store')
    expect(owner?.bytes).to.be.lessThan(30 * MIB)
  })

  it('takes what was found alive beyond the last major collection from what is garbage or new', () => {
    const heaps = (live: number): MemoryNode =>
      buildBreakdown(readings({ isolates: [heap('main thread', { used: 90, size: 100, available: 5, live })] }))
    const garbageOf = (holdings: Holdings): number => sumOf(holdings.rows.filter(({ kind }) => kind === 'garbage'))
    const found = { ...none, discovery: walked() }
    const [early, fresh] = [
      checked(holdingsOf({ tree: heaps(2), ...found })),
      checked(holdingsOf({ tree: heaps(90), ...found })),
    ]
    for (const holdings of [early, fresh]) {
      expect(holdings.isCut).to.equal(false)
      expect(holdings.rows.find(({ owner }) => owner?.path === 'store')?.bytes).to.equal(30 * MIB)
    }
    expect(garbageOf(fresh)).to.equal(0)
    expect(garbageOf(early)).to.be.within(1, 88 * MIB - 1)
  })

  it('gives what V8 maps to the cache that a run found it in', () => {
    const mapped = buildBreakdown(readings({ mapped: { v8: 150 * MIB, wasm: 50 * MIB }, caches: [] }))
    const measured = row('wasm', 0)
    const bytes = { allocatedBytes: 0, heapBytes: 0, mappedBytes: 40 * MIB, totalBytes: 40 * MIB }
    const found = report([{ ...measured, released: bytes }])
    const holdings = checked(holdingsOf({ tree: mapped, ...none, report: found }))
    expect(bytesOf(holdings, 'cache:wasm')).to.equal(40 * MIB)
    const unknown = holdings.rows.find(({ key }) => key === 'unknown')
    expect(unknown?.parts.find(({ name }) => name.startsWith('WebAssembly'))?.bytes).to.equal(10 * MIB)
  })

  it('says of a cache what comes back, of its row, and of freed pages all of them', () => {
    const measured = { ...row('users', 30 * MIB), returned: { residentBytes: 28 * MIB, uncertaintyBytes: MIB } }
    const holdings = holdingsOf({ tree, ...none, report: report([measured]) })
    const of = (key: string): Holding | undefined => holdings.rows.find((each) => each.key === key)
    expect(of('cache:users')?.returned?.residentBytes).to.equal(28 * MIB)
    expect(of('cache:pages')?.returned).to.equal(null)
    expect(of('free:Freed pages of the allocator')?.returned?.residentBytes).to.equal(10 * MIB)
    expect(of('free:Fragmentation of the allocator')?.returned).to.equal(null)
  })

  it('folds what is small, kind by kind, and loses none of it', () => {
    const many = Array.from({ length: 3000 }, (_, index): CacheBytes => {
      const bytes = index < 20 ? MIB : 100
      return { name: `cache ${String(index)}`, allocatedBytes: null, heapBytes: bytes, mappedBytes: null }
    })
    const holdings = checked(holdingsOf({ tree: buildBreakdown(readings({ caches: many })), ...none }))
    expect(holdings.rows.length).to.be.lessThan(30)
    const together = holdings.rows.find(({ key }) => key === 'cache:small')
    expect(together?.name).to.equal('2988 smaller caches')
    expect(sumOf(together?.parts ?? [])).to.equal(together?.bytes)
  })

  it('adds up whatever the tree and the discovery are', () => {
    let seed = 7
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return Math.floor((seed / 2_147_483_648) * below)
    }
    for (let time = 0; time < 200; time++) {
      const owners = Array.from({ length: random(9) }, (_, index) => {
        const partOf = random(3) === 0 && index > 0 ? random(index) : null
        const path = random(4) === 0 ? null : `owner ${String(random(4))}`
        return ownerOf(path, random(60 * MIB), { partOf, cache: random(5) === 0 ? 'users' : null })
      })
      const threads = [heap('main thread', { used: random(90), size: 100, available: random(10), live: random(60) })]
      if (random(2) === 0) threads.push(heap('worker 1', { used: random(30), size: 40, available: 2, live: null }))
      const drawn = buildBreakdown(
        readings({
          mapped: { v8: random(200 * MIB), wasm: random(9 * MIB), arenas: random(90 * MIB), other: random(MIB) },
          isolates: threads,
          caches: random(3) === 0 ? null : CACHES,
        }),
      )
      const discovery = random(3) === 0 ? null : walked(owners)
      const isAfterRelease = random(2) === 0
      checked(holdingsOf({ tree: drawn, report: report([row('users', MIB)]), discovery, isAfterRelease }))
    }
  })

  it('copes with trees of other versions, and with none that are true', () => {
    const odd: MemoryNode = {
      name: 'RSS',
      bytes: 100,
      children: [
        { name: 'V8 heap', bytes: 40, children: [{ name: 'old_space', bytes: 40 }] },
        { name: 'allocator', bytes: 30 },
        { name: '__proto__', bytes: 10 },
      ],
    }
    const { rows } = checked(holdingsOf({ tree: odd, ...none }))
    expect(rows.map(({ kind }) => kind)).to.deep.equal(['unknown'])
    expect(rows[0]?.parts.map(({ name }) => name)).to.include.members(['old_space', 'not divided', '__proto__'])
  })

  it('ends with owners that lie in each other in a circle', () => {
    const owners = [
      ownerOf('a', MIB, { partOf: 1 }),
      ownerOf('b', MIB, { partOf: 0 }),
      ownerOf('c', MIB, { partOf: 99 }),
    ]
    const { rows } = checked(holdingsOf({ tree, report: null, discovery: walked(owners), isAfterRelease: false }))
    expect(rows.filter(({ owner }) => owner !== null)).to.have.length(3)
  })
})

describe('treeOfSample()', () => {
  it('adds up to RSS, also where more is committed than is resident', () => {
    const whole = { ...sample(90e6, 60e6), rssBytes: 100_000_000 }
    for (const each of [whole, sample(50e6, 20e6), sample(null, 20e6)]) {
      const holdings = checked(
        holdingsOf({ tree: treeOfSample(each, CACHES), report: null, discovery: null, isAfterRelease: false }),
      )
      expect(holdings.rssBytes).to.equal(each.rssBytes)
    }
  })
})
