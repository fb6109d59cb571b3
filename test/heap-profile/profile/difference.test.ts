import { expect } from 'chai'
import { ProfileBuilder, totalOf } from '../../helpers/internals/heap-profile-profile.js'
import { subtractProfile, parseHeapProfile } from '../../../src/heap-profile/index.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'

/** A profile of one library at `base`: bytes by offset of the only call. */
function profileAt(base: number, bytes: Readonly<Record<number, number>>): Promise<HeapProfile> {
  const stacks = Object.entries(bytes).map(
    ([offset, size]) => `@ 0x${(base + Number(offset)).toString(16)}\n  t*: 1: ${size} [0: 0]\n`,
  )
  const map = `${base.toString(16)}-${(base + 0x10000).toString(16)} r-xp 00000000 fe:00 2 /usr/bin/app\n`
  return parseHeapProfile([Buffer.from(`heap_v2/1\n${stacks.join('')}MAPPED_LIBRARIES:\n${map}`)])
}

describe('subtractProfile()', () => {
  it('leaves what changed, more or less, and nothing of what did not', async () => {
    const difference = subtractProfile(
      await profileAt(0x1000, { 1: 500, 2: 300, 3: 50 }),
      await profileAt(0x1000, { 1: 500, 2: 100, 4: 70 }),
    )
    expect([...difference.samples.values].filter((_, index) => index % 2 === 1)).to.deep.equal([200, 50, -70])
    expect(totalOf(difference)).to.equal(180)
  })

  it('compares places by file and offset: another run has its libraries elsewhere', async () => {
    const difference = subtractProfile(await profileAt(0x1000, { 1: 500 }), await profileAt(0x7f000000, { 1: 400 }))
    expect(difference.samples.count).to.equal(1)
    expect(totalOf(difference)).to.equal(100)
  })

  it('compares named places by their names', () => {
    const named = (bytes: number): HeapProfile => {
      const builder = new ProfileBuilder({ source: 'v8', sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] })
      builder.add([builder.named('parse', 'app.js', 1), builder.named('main', 'app.js', 9)], [bytes])
      return builder.build()
    }
    expect(totalOf(subtractProfile(named(30), named(12)))).to.equal(18)
  })

  it('refuses profiles of different profilers, or without a common kind of value', async () => {
    const jemalloc = await profileAt(0x1000, { 1: 500 })
    const v8 = new ProfileBuilder({ source: 'v8', sampleTypes: jemalloc.sampleTypes }).build()
    const other = new ProfileBuilder({
      source: 'jemalloc',
      sampleTypes: [{ type: 'alloc_space', unit: 'bytes' }],
    }).build()
    expect(() => subtractProfile(jemalloc, v8)).to.throw(/^ERR_PROFILE_BASE: /)
    expect(() => subtractProfile(jemalloc, other)).to.throw(/^ERR_PROFILE_BASE: /)
  })
})
