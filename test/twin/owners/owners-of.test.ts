import { expect } from 'chai'
import { ITEM_KINDS } from '../../helpers/internals/allocator.js'
import type { RawHolder, RawOwner } from '../../helpers/internals/allocator.js'
import { describeOwner } from '../../../src/twin/index.js'
import { packageOf } from '../../helpers/internals/support.js'
import { ownersOf } from '../../helpers/internals/twin-owners.js'
import { rawOwner } from './raw-owner.js'

const MIB = 1024 * 1024
const EMPTY = { readOnlyBytes: 0, mappedBytes: 0, tableBytes: 0, parts: [], items: [], holders: [], shared: [] }

function found(raws: readonly RawOwner[], limit = 10, holders: readonly RawHolder[] = []) {
  const totalBytes = raws.reduce((sum, { ownBytes }) => sum + ownBytes, 0) + 1000
  const { owners, ...rest } = ownersOf(
    { ...EMPTY, objectBytes: totalBytes, totalBytes, restBytes: 1000, owners: raws, holders },
    [],
    limit,
  )
  return { owners: owners.map(({ row }) => row), objects: owners.map(({ objects }) => objects), ...rest }
}

describe('ownersOf()', () => {
  it('lists the largest first, and leaves the rest in the rest', () => {
    const { owners, live, others } = found([rawOwner('a', 1), rawOwner('b', 3), rawOwner('c', 2)], 2)
    expect(owners.map(({ path }) => path)).to.deep.equal(['b', 'c'])
    expect(others).to.deep.equal({ count: 1, totalBytes: 1 })
    expect(live).to.deep.equal({
      totalBytes: 1006,
      heapBytes: 1006,
      memoryBytes: 0,
      mappedBytes: 0,
      ownedBytes: 6,
      restBytes: 1000,
    })
  })

  it('says of an owner in another what both hold', () => {
    const { owners } = found([
      rawOwner('outer', 5, { memoryBytes: 2 }),
      rawOwner('outer.inner', 7, { partOf: 0, memoryBytes: 3 }),
    ])
    const outer = owners.find(({ path }) => path === 'outer')
    const inner = owners.find(({ path }) => path === 'outer.inner')
    expect(outer?.own).to.deep.equal({ heapBytes: 3, memoryBytes: 2, totalBytes: 5 })
    expect(outer?.retained).to.deep.equal({ heapBytes: 7, memoryBytes: 5, totalBytes: 12 })
    expect(owners[inner?.partOf ?? -1]?.path).to.equal('outer')
  })

  it('lists no group that is smaller than an owner, and has it in the others', () => {
    const raws = [rawOwner('a', 100), rawOwner('', 40, { item: ITEM_KINDS.indexOf('calls') })]
    const totals = { objectBytes: 140, totalBytes: 140, restBytes: 0 }
    const { owners, others } = ownersOf({ ...EMPTY, ...totals, owners: raws }, [], 10, 64)
    expect(owners.map(({ row }) => row.path)).to.deep.equal(['a'])
    expect(others).to.deep.equal({ count: 1, totalBytes: 40 })
  })

  it('joins owners of one path, and copies of a module that differ in their query', () => {
    const { owners } = found([
      rawOwner('rules', 5, { script: 'file:///app/rules.mjs?v=1' }),
      rawOwner('rules', 7, { script: 'file:///app/rules.mjs?v=2' }),
    ])
    expect(owners).to.have.length(1)
    expect(owners[0]).to.include({ script: 'file:///app/rules.mjs?v=*', instances: 2, entries: 20 })
    expect(owners[0]?.own.totalBytes).to.equal(12)
  })

  it('counts no entries where one of them has none to count', () => {
    const { owners } = found([rawOwner('a', 5), rawOwner('a', 5, { entries: -1 })])
    expect(owners[0]?.entries).to.equal(null)
  })

  it('keeps what Node holds in any process out of the list, and a large piece of it in', () => {
    const script = 'node:internal/timers'
    const { owners, live } = found([
      rawOwner('small', 100_000, { script }),
      rawOwner('timerListMap[*]', 2 * MIB, { script }),
    ])
    expect(owners.map(({ path }) => path)).to.deep.equal(['timerListMap[*]'])
    expect(live.restBytes).to.equal(101_000)
    expect(owners[0]?.package).to.equal('node')
  })

  it('names the registered cache that an owner is or lies in, and none for what lies in a hub', () => {
    const [whole, hub] = [{}, {}]
    const caches = [
      { cache: 'users', object: whole, isWhole: true },
      { cache: 'app', object: hub, isWhole: false },
    ]
    const owners = [
      rawOwner('a', 10, { known: 0 }),
      rawOwner('b', 9, { known: 1 }),
      rawOwner('c', 8, { known: 1, object: hub }),
    ]
    const rows = ownersOf({ ...EMPTY, objectBytes: 27, totalBytes: 27, restBytes: 0, owners }, caches, 5).owners
    expect(rows.map(({ row }) => row.cache)).to.deep.equal(['users', null, 'app'])
  })

  it('has what is emptied of all members of a row, and nothing where one cannot be', () => {
    const [list, map] = [[1, 2], new Map()]
    const { objects } = found([
      rawOwner('a', 9 * MIB, { object: list }),
      rawOwner('a', 9 * MIB, { object: map }),
      rawOwner('b', 8 * MIB, { object: [3] }),
      rawOwner('b', 8 * MIB),
      rawOwner('c', 7 * MIB, { object: {}, script: 'node:internal/timers' }),
      rawOwner('d', 6 * MIB, { object: process }),
      rawOwner('within noise', 10, { object: {} }),
    ])
    expect(objects).to.deep.equal([[list, map], [], [], [], []])
  })

  const timer = ITEM_KINDS.indexOf('timers')
  const held = (owner: number, holder: number, count: number): RawHolder => ({
    owner,
    holder,
    count,
    aloneBytes: 0,
    aloneMemoryBytes: 0,
  })

  it('tells groups in one row that hang together member by member, by what waits', () => {
    const groups = [
      rawOwner('', 40, { script: '', instances: 1000, className: 'system / Context', entries: -1 }),
      rawOwner('', 10, { script: '', instances: 1010, item: timer, siteScript: '/app/queue.js', siteLine: 7 }),
      rawOwner('', 30, { script: '', instances: 300, className: 'Row', entries: -1 }),
      rawOwner('handles', 5, { entries: 1000 }),
    ]
    const { owners } = found(groups, 10, [held(0, 1, 1000), held(0, 3, 1000), held(2, 1, 300)])
    expect(owners.map(({ instances, own }) => [instances, own.totalBytes])).to.deep.equal([
      [1010, 50],
      [300, 30],
      [1, 5],
    ])
    expect(owners[0]).to.deep.include({ kind: 'timers', sharedBy: [2] })
    // Nothing but the timers holds these, together.
    expect(owners[1]).to.deep.include({ partOf: 0, sharedBy: [] })
    expect(owners[0]?.retained.totalBytes).to.equal(80)
  })

  it('retains as a group what it alone holds of another, which has members elsewhere as well', () => {
    const groups = [
      rawOwner('', 40, { instances: 10, item: timer }),
      rawOwner('', 30, { script: '', instances: 9, entries: -1 }),
    ]
    const holders = [{ ...held(1, 0, 7), aloneBytes: 21, aloneMemoryBytes: 6 }, held(1, -1, 2)]
    const { owners } = found(groups, 10, holders)
    expect(owners[0]?.retained).to.deep.equal({ heapBytes: 55, memoryBytes: 6, totalBytes: 61 })
    expect(owners[0]?.own.totalBytes).to.equal(40)
  })

  it('is a collection of next to nothing only with its entries', () => {
    const rows = [
      rawOwner('all', 1, { entries: 2 }),
      rawOwner('cache', 300, { partOf: 0 }),
      rawOwner('queue', 200, { partOf: 0 }),
    ]
    const totals = { objectBytes: 501, totalBytes: 501, restBytes: 0 }
    const { owners, live } = ownersOf({ ...EMPTY, ...totals, owners: rows }, [], 10, 64)
    expect(owners.map(({ row }) => [row.path, row.partOf])).to.deep.equal([
      ['cache', null],
      ['queue', null],
    ])
    expect(live.restBytes).to.equal(1)
  })

  it("has no site of Node's in what the application holds, and one in what waits", () => {
    const site = { siteScript: 'node:internal/streams/writable', siteLine: 3, functions: 9 }
    const { owners } = found([rawOwner('passing', 10, site), rawOwner('', 9, { ...site, item: timer, instances: 9 })])
    expect(owners.map((row) => row.site?.line ?? null)).to.deep.equal([null, 3])
  })

  it('is held by others only where these are listed, and hold more than a few of its members', () => {
    const rows = [
      rawOwner('', 50, { instances: 100 }),
      rawOwner('a', 40),
      rawOwner('b', 30),
      rawOwner('outer', 60),
      rawOwner('small', 1),
    ]
    const holders = [held(0, 1, 100), held(0, 2, 5), held(0, 4, 100), held(0, -1, 100), held(1, 3, 1), held(1, 2, 1)]
    const { owners } = found(
      rows.map((each) => (each.path === 'a' ? { ...each, partOf: 3 } : each)),
      4,
      holders,
    )
    const shared = Object.fromEntries(owners.map(({ path, sharedBy = [] }) => [String(path), sharedBy]))
    // By place: outer, the group, a, b. What lies in another is held by that one anyway.
    expect(shared).to.deep.equal({ outer: [], null: [2], a: [3], b: [] })
  })

  it('is of the script that all its members are of, where no path leads to it', () => {
    const label = '/app/node_modules/queue/index.js'
    const { owners } = found([rawOwner('', 10, { script: '', label }), rawOwner('Symbol(x)', 9, { script: '', label })])
    expect(owners[0]).to.include({ path: null, script: label, package: 'queue' })
    expect(owners[1]).to.include({ path: 'Symbol(x)', script: null, package: 'queue' })
  })

  it('says null where there is no path and no script', () => {
    const { owners } = found([rawOwner('', 10, { script: '' })])
    expect(owners[0]).to.include({ path: null, script: null, package: null })
  })
})

describe('packageOf()', () => {
  it('is the innermost package of a script, null for the application, node for Node', () => {
    expect(packageOf('/app/node_modules/a/node_modules/@b/c/index.js')).to.equal('@b/c')
    expect(packageOf('file:///app/node_modules/undici/lib/x.js')).to.equal('undici')
    expect(packageOf('/app/server.js')).to.equal(null)
    expect(packageOf('node:net')).to.equal('node')
  })
})

describe('describeOwner()', () => {
  const [row] = found([rawOwner('createQueue() › pending', 10, { className: 'Array', entries: 5000 })]).owners

  it('reads as a path in the source, with the class and the entries', () => {
    expect(row === undefined ? '' : describeOwner(row)).to.equal('server.js › createQueue() › pending: Array(5,000)')
  })

  const described = (path: string, rest: Partial<RawOwner>): string =>
    found([rawOwner(path, 10, rest)])
      .owners.map(describeOwner)
      .join('\n')
  const site = { siteScript: 'file:///app/queue.js', siteLine: 17 }
  const item = (kind: (typeof ITEM_KINDS)[number]): { item: number; entries: number } => ({
    item: ITEM_KINDS.indexOf(kind),
    entries: -1,
  })

  it('leaves out the middle of a long way, and never the script, the class or the entries', () => {
    const way = `createImportMetaResolve() › ${'loader.#resolveCache.'.repeat(5)}loadCache`
    const long = described(way, { className: 'LoadCache', entries: 271 })
    expect(long).to.match(/^server\.js › …(?:[.›] ?\S+)+\.loadCache: LoadCache\(271\)$/)
    expect([...long].length).to.be.within(80, 100)
    const single = described('x'.repeat(300), { className: 'Map', entries: 7 })
    expect(single).to.match(/^server\.js › x+…x+: Map\(7\)$/)
    expect([...single]).to.have.length(100)
  })

  it('names timers and immediates by where their function stands', () => {
    expect(described('', { ...item('timers'), ...site, className: 'Timeout', instances: 20_000 })).to.equal(
      'timers ×20,000 set in queue.js:17',
    )
    expect(described('', { ...item('immediates'), ...site, siteLine: 0, instances: 2 })).to.equal(
      'immediates ×2 set in queue.js',
    )
  })

  it('names suspended calls and generators by their function', () => {
    expect(described('fetchUser()', { ...item('calls'), ...site, siteName: 'fetchUser', instances: 9000 })).to.equal(
      'promises awaiting fetchUser() ×9,000 from queue.js:17',
    )
    expect(described('rows()', { ...item('generators'), ...site, siteName: 'rows', instances: 3 })).to.equal(
      'suspended generators rows() ×3 from queue.js:17',
    )
  })

  it('names listeners by their emitter and event, and by where most of them stand', () => {
    const listeners = { className: 'Array', entries: 3000, functions: 3000, ...site }
    expect(described('bus._events.config', listeners)).to.equal(
      "server.js › bus.listeners('config') ×3,000 from queue.js:17",
    )
    expect(described('bus._events.error', { className: '(closure)', entries: -1 })).to.equal(
      "server.js › bus.listeners('error') ×1",
    )
  })

  it('names copies of a module by their file, with the keys of their queries', () => {
    const script = 'file:///app/rules.mjs?v=7&t=12'
    expect(described('', { ...item('modules'), script, instances: 60 })).to.equal('60 modules rules.mjs?v=*&t=*')
  })

  it('says what a collection of functions is made of', () => {
    expect(described('jobs', { entries: 500, functions: 500, siteName: 'run', ...site })).to.equal(
      'server.js › jobs: Map(500), ×500 run() from queue.js:17',
    )
  })

  it('shows a hostile name in one line', () => {
    const text = row === undefined ? '' : describeOwner({ ...row, path: `\u001b[2J\n${'x'.repeat(500)}` })
    // eslint-disable-next-line no-control-regex -- it looks for them
    expect(text).to.not.match(/[\u0000-\u001f]/)
    expect(text.length).to.be.lessThan(120)
  })
})
