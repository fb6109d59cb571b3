import { expect } from 'chai'
import type { FoundHoard } from '../../../src/twin/discover/hoards.js'
import type { CacheObjects } from '../../../src/twin/discover/behind.js'
import { recognise as sort } from '../../../src/twin/discover/known.js'
import type { KnownCache } from '../../../src/twin/discover/types.js'

function recognise(hoards: readonly FoundHoard[], known: readonly KnownCache[]): ReturnType<typeof sort> {
  const caches = known.map((cache): CacheObjects => {
    const whole = new Set(cache.adapted ?? [])
    return { cache, same: new Set([...(cache.objects ?? []), ...whole]), whole }
  })
  return sort(hoards, caches)
}

function pathOf({ hoard }: { hoard: FoundHoard }): string | undefined {
  return hoard.route?.text
}

function hoard(value: Map<number, number>, name: string, rest: Partial<FoundHoard> = {}): FoundHoard {
  return {
    kind: 'Map',
    className: 'Map',
    route: { text: name, script: null },
    entries: value.size,
    estimatedBytes: 1,
    instances: 1,
    parts: [{ value, kind: 'Map' }],
    identities: [value],
    owners: [],
    within: [],
    partOf: null,
    ...rest,
  }
}

function filled(): Map<number, number> {
  return new Map(Array.from({ length: 10 }, (_, index) => [index, index]))
}

describe('recognise()', () => {
  it('knows a cache by the object', () => {
    const [users, pages] = [filled(), filled()]
    const { unknown, recognised } = recognise(
      [hoard(users, 'users'), hoard(pages, 'pages')],
      [{ name: 'people', objects: [users] }],
    )
    expect(unknown.map(({ route }) => route?.text)).to.deep.equal(['pages'])
    expect(recognised.map((each) => [each.cache, pathOf(each), each.isReleased])).to.deep.equal([
      ['people', 'users', false],
    ])
  })

  it('knows a cache by the owner of its collection', () => {
    const store = {}
    const { unknown } = recognise(
      [hoard(filled(), 'users', { owners: [store] })],
      [{ name: 'people', objects: [store] }],
    )
    expect(unknown).to.deep.equal([])
  })

  it('knows a cache by what its release empties, though it keeps some', () => {
    const [users, pages] = [filled(), filled()]
    const release = (): void => {
      for (let key = 0; key < 8; key++) users.delete(key)
      pages.delete(0)
    }
    const { unknown, recognised } = recognise(
      [hoard(users, 'users'), hoard(pages, 'pages')],
      [{ name: 'people', release }],
    )
    expect(unknown.map(({ route }) => route?.text)).to.deep.equal(['pages'])
    expect(recognised.map(pathOf)).to.deep.equal(['users'])
  })

  it('knows a cache by the object behind its adapter, however deep its collections lie', () => {
    const keyv = {}
    const { unknown, recognised } = recognise(
      [hoard(filled(), 'store', { within: [keyv] }), hoard(filled(), 'other', { within: [{}] })],
      [{ name: 'sessions', objects: [{}], adapted: [keyv], isReleased: true }],
    )
    expect(unknown.map(({ route }) => route?.text)).to.deep.equal(['other'])
    expect(recognised.map(({ isReleased }) => isReleased)).to.deep.equal([true])
  })

  it('lists no part of a registered cache either', () => {
    const [outer, inner] = [hoard(filled(), 'outer'), hoard(filled(), 'inner')]
    inner.partOf = outer
    const { unknown, recognised } = recognise([outer, inner], [{ name: 'all', objects: outer.identities }])
    expect(unknown).to.deep.equal([])
    expect(recognised.map(pathOf)).to.deep.equal(['outer'])
  })

  it('warns of a release that throws, and goes on with the next', () => {
    const users = filled()
    const { recognised, warnings } = recognise(
      [hoard(users, 'users')],
      [
        {
          name: 'broken',
          release: () => {
            throw new Error('no')
          },
        },
        { name: 'people', release: () => users.clear() },
      ],
    )
    expect(warnings).to.deep.equal([
      { code: 'WARN_HOARD_RELEASE', message: 'the release of "broken" threw: no', cache: 'broken' },
    ])
    expect(recognised.map(({ cache }) => cache)).to.deep.equal(['people'])
  })

  it('lets no rejection of an asynchronous release end the process', async () => {
    recognise([], [{ name: 'later', release: () => Promise.reject(new Error('later')) }])
    await new Promise((resolve) => setImmediate(resolve))
  })
})
