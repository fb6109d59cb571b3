import { expect } from 'chai'
import { ProfileBuilder, joinProfiles } from '../../helpers/internals/heap-profile-profile.js'
import { toFlamegraph, toFolded, topTable } from '../../../src/heap-profile/index.js'
import { parseAnyProfile, toPprof } from '../../../src/heap-profile/index.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'

const KIB = 1024

function native(): HeapProfile {
  const builder = new ProfileBuilder({
    source: 'jemalloc',
    sampleTypes: [
      { type: 'inuse_objects', unit: 'count' },
      { type: 'inuse_space', unit: 'bytes' },
    ],
    sampleIntervalBytes: 512 * KIB,
    mappings: [{ start: 0x1000n, end: 0x9000n, fileOffset: 0n, file: '/usr/bin/node', buildId: null }],
    comments: ['one'],
  })
  const functions = [{ name: 'node::Allocate', linkerName: null, file: null, line: null }]
  const inNode = builder.frame({ address: 0x2000n, mapping: 0, functions })
  const buffer = builder.named('alloc', 'node:buffer', 400)
  const thumbnail = builder.named('makeThumbnail', '/app/src/thumbnails.js', 12)
  const handle = builder.named('handle', '/app/node_modules/express/lib/layer.js', 95)
  builder.add([inNode, buffer, thumbnail, handle], [1, 300])
  builder.add([inNode, buffer, handle], [2, 50])
  builder.add([inNode], [1, 7])
  return builder.build()
}

function js(): HeapProfile {
  const builder = new ProfileBuilder({
    source: 'v8',
    sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }],
    comments: ['one'],
  })
  const thumbnail = builder.named('makeThumbnail', '/app/src/thumbnails.js', 10)
  builder.add([thumbnail, builder.named('handle', '/app/node_modules/express/lib/layer.js', 90)], [40])
  return builder.build()
}

describe('joinProfiles()', () => {
  const joined = joinProfiles(native(), js())

  it('keeps each kind in a column of its own, and adds both up', () => {
    const total = (type: 'native_space' | 'heap_space' | 'inuse_space'): number => topTable(joined, { type }).total
    expect([total('native_space'), total('heap_space'), total('inuse_space')]).to.deep.equal([357, 40, 397])
    expect([joined.source, joined.comments]).to.deep.equal(['both', ['one']])
  })

  it('puts both under one function, though the profilers tell other lines of it', () => {
    expect(toFolded(joined).trim().split('\n')).to.include.members([
      'handle (express/lib/layer.js);makeThumbnail (src/thumbnails.js);alloc (node:buffer);node::Allocate 300',
      'handle (express/lib/layer.js);makeThumbnail (src/thumbnails.js);(objects in V8’s heap) 40',
    ])
  })

  it('tells the kinds apart in a flame graph', () => {
    const data = /type="application\/json">(.*?)<\/script>/.exec(toFlamegraph(joined))?.[1] ?? ''
    const { names, kinds } = JSON.parse(data) as { names: string[]; kinds: string[] }
    const kindOf = (name: string): string | undefined => kinds[names.indexOf(name)]
    expect(kindOf('makeThumbnail (src/thumbnails.js)')).to.equal('script')
    expect([kindOf('node::Allocate'), kindOf('(objects in V8’s heap)')]).to.deep.equal(['native', 'objects'])
  })

  it('comes back from pprof with all its columns', async () => {
    const back = await parseAnyProfile(await toPprof(joined))
    expect(back.sampleTypes.map(({ type }) => type)).to.deep.equal(['native_space', 'heap_space', 'inuse_space'])
    expect(topTable(back, { type: 'heap_space' }).total).to.equal(40)
  })
})

describe('topTable({ by })', () => {
  const rowsOf = (by: 'function' | 'line' | 'file' | 'package'): [string, number, number][] =>
    topTable(native(), { by }).rows.map(({ name, flat, cumulative }) => [name, flat, cumulative])

  it('counts for a package what its own functions asked for, through Node or not', () => {
    expect(rowsOf('package')).to.deep.equal([
      ['(application)', 300, 300],
      ['express', 50, 350],
      ['node', 7, 357],
    ])
  })

  it('counts for a file the same', () => {
    expect(rowsOf('file').slice(0, 2)).to.deep.equal([
      ['src/thumbnails.js', 300, 300],
      ['express/lib/layer.js', 50, 350],
    ])
  })

  it('names functions with their file, and with the line where that is asked for', () => {
    expect(rowsOf('function').map(([name]) => name)).to.include('makeThumbnail (src/thumbnails.js)')
    expect(rowsOf('line').map(([name]) => name)).to.include('makeThumbnail (src/thumbnails.js:12)')
  })

  it('refuses another kind', () => {
    expect(() => topTable(native(), { by: 'module' as never })).to.throw('ERR_OPTION_RANGE')
  })
})
