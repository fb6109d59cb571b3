import { expect } from 'chai'
import { ProfileBuilder } from '../../helpers/internals/heap-profile-profile.js'
import { parseAnyProfile, toFlamegraph, toFolded, toPprof, topTable } from '../../../src/heap-profile/index.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'

const COUNTED: HeapProfile['sampleTypes'] = [
  { type: 'inuse_objects', unit: 'count' },
  { type: 'inuse_space', unit: 'bytes' },
  { type: 'alloc_objects', unit: 'count' },
  { type: 'alloc_space', unit: 'bytes' },
]

function profile(width: 2 | 4): HeapProfile {
  const builder = new ProfileBuilder({
    source: 'jemalloc',
    sampleTypes: COUNTED.slice(0, width),
    sampleIntervalBytes: 524_288,
  })
  builder.add([builder.named('parse'), builder.named('main')], [2, 2_000, 10, 10_500].slice(0, width))
  builder.add([builder.named('load'), builder.named('main')], [3, 900, 3, 900].slice(0, width))
  return builder.build()
}

describe('temporary_space', () => {
  it('is what was allocated less what lives, stack by stack', () => {
    const { rows, total } = topTable(profile(4), { type: 'temporary_space' })
    expect(total).to.equal(8_500)
    expect(rows.map(({ name, flat }) => [name, flat])).to.deep.equal([
      ['parse', 8_500],
      ['main', 0],
    ])
    expect(topTable(profile(4), { type: 'temporary_objects' }).total).to.equal(8)
  })

  it('has an error that comes from sampling', () => {
    const [row] = topTable(profile(4), { type: 'temporary_space' }).rows
    expect(row?.flatUncertainty).to.be.greaterThan(8_500)
  })

  it('is in folded stacks and the flame graph', () => {
    expect(toFolded(profile(4), { type: 'temporary_space' })).to.equal('main;parse 8500\n')
    const data = /type="application\/json">(.*?)<\/script>/.exec(
      toFlamegraph(profile(4), { type: 'temporary_space' }),
    )?.[1]
    expect(JSON.parse(data ?? '')).to.deep.include({ type: 'temporary_space', unit: 'bytes' })
  })

  it('is no difference where less lives than before', () => {
    const builder = new ProfileBuilder({ source: 'jemalloc', sampleTypes: COUNTED })
    builder.add([builder.named('parse')], [-1, -100, 1, 100])
    const page = toFlamegraph(builder.build(), { type: 'temporary_space' })
    const data = JSON.parse(/type="application\/json">(.*?)<\/script>/.exec(page)?.[1] ?? '') as object
    expect(data).to.include({ difference: false })
    expect(data).to.have.property('value').that.deep.equals([200, 200])
  })

  it('goes to pprof and comes back, where it is asked for', async () => {
    const back = await parseAnyProfile(await toPprof(profile(4), { type: 'temporary_space' }))
    expect(topTable(back, { type: 'temporary_space' }).total).to.equal(8_500)
    const plain = await parseAnyProfile(await toPprof(profile(4)))
    expect(plain.sampleTypes).to.have.deep.members(COUNTED)
    expect(topTable(plain, { type: 'temporary_space' }).total).to.equal(8_500)
  })

  it('is refused where what is freed was not counted, with the way to count it', () => {
    expect(() => topTable(profile(2), { type: 'temporary_space' })).to.throw(
      /has no "temporary_space" \(string\), only inuse_objects, inuse_space; .*prof_accum:true/,
    )
  })
})
