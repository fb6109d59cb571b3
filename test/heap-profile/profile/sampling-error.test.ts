import { expect } from 'chai'
import {
  columnOf,
  ProfileBuilder,
  joinProfiles,
  unbiasFactor,
  variancesOf,
} from '../../helpers/internals/heap-profile-profile.js'
import { parseAnyProfile, toPprof, topTable, subtractProfile } from '../../../src/heap-profile/index.js'
import type { SampleTypeName } from '../../helpers/internals/heap-profile-profile.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'

const KIB = 1024
const INTERVAL = 512 * KIB

/** Numbers from 0 to 1 that are the same each time: a linear congruential generator. */
function numbersFrom(seed: number): () => number {
  let state = seed
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}

/** The row that jemalloc would write for `count` allocations of `size` bytes: those that were sampled, scaled up. */
function sampled(size: number, count: number, random: () => number): readonly [objects: number, bytes: number] {
  const chance = -Math.expm1(-size / INTERVAL)
  let hits = 0
  for (let each = 0; each < count; each++) if (random() < chance) hits++
  const factor = unbiasFactor(hits, hits * size, INTERVAL)
  return [hits * factor, hits * size * factor]
}

function profileOf(rows: Readonly<Record<string, readonly [objects: number, bytes: number]>>): HeapProfile {
  const builder = new ProfileBuilder({
    source: 'jemalloc',
    sampleTypes: [
      { type: 'inuse_objects', unit: 'count' },
      { type: 'inuse_space', unit: 'bytes' },
    ],
    sampleIntervalBytes: INTERVAL,
  })
  for (const [name, values] of Object.entries(rows)) builder.add([builder.named(name)], values)
  return builder.build()
}

function rowOf(profile: HeapProfile, type: SampleTypeName): { readonly flat: number; readonly error: number } {
  const [row] = topTable(profile, { type }).rows
  return { flat: row?.flat ?? 0, error: row?.flatUncertainty ?? 0 }
}

describe('the error of a sampled amount', () => {
  const random = numbersFrom(7)
  for (const [size, count] of [
    [1000, 50_000],
    [20 * KIB, 400],
    [300 * KIB, 100],
    [2048 * KIB, 20],
  ] as const) {
    it(`has the truth within it 19 times of 20: ${count} of ${size} bytes`, () => {
      const inside = { inuse_space: 0, inuse_objects: 0 }
      let [widest, times] = [0, 0]
      for (; times < 400; times++) {
        const profile = profileOf({ site: sampled(size, count, random) })
        for (const [type, truth] of [
          ['inuse_space', size * count],
          ['inuse_objects', count],
        ] as const) {
          const { flat, error } = rowOf(profile, type)
          if (Math.abs(flat - truth) <= error) inside[type]++
          if (type === 'inuse_space') widest = Math.max(widest, error)
        }
      }
      expect(inside.inuse_space / times).to.be.at.least(0.92)
      expect(inside.inuse_objects / times).to.be.at.least(0.92)
      // No wider than the sampling makes it: a large block is nearly always sampled.
      const chance = -Math.expm1(-size / INTERVAL)
      expect(widest).to.be.below(2 * 1.96 * Math.sqrt((count * size ** 2 * (1 - chance)) / chance) + 1)
    })
  }

  it('of several stacks is that of their sum, and each row has its own', () => {
    const small = sampled(1000, 50_000, random)
    const large = sampled(300 * KIB, 100, random)
    const [first, second] = [profileOf({ site: small }), profileOf({ site: large })]
    const builder = new ProfileBuilder({ ...first, mappings: [] })
    const root = builder.named('main')
    builder.add([builder.named('small'), root], small)
    builder.add([builder.named('large'), root], large)
    const { rows } = topTable(builder.build())
    const errors = Object.fromEntries(rows.map((row) => [row.name, row]))
    expect(errors['small']?.flatUncertainty).to.equal(rowOf(first, 'inuse_space').error)
    expect(errors['large']?.flatUncertainty).to.equal(rowOf(second, 'inuse_space').error)
    expect(errors['main']?.flatUncertainty).to.equal(0)
    expect(errors['main']?.cumulativeUncertainty).to.be.within(
      Math.max(...rows.map(({ flatUncertainty }) => flatUncertainty ?? 0)),
      rows.reduce((sum, { flatUncertainty }) => sum + (flatUncertainty ?? 0), 0),
    )
  })

  it('of a difference is that of both, and only of what changed', () => {
    const [before, after] = [sampled(1000, 50_000, random), sampled(1000, 90_000, random)]
    const base = profileOf({ stays: [100, 100_000], grows: before })
    const late = profileOf({ stays: [100, 100_000], grows: after })
    const [one, other] = [base, late].map((profile) => variancesOf(profile, columnOf(profile))?.[1] ?? NaN)
    const difference = subtractProfile(late, base)
    expect(difference.samples.variances).to.deep.equal(Float64Array.from([(one ?? NaN) + (other ?? NaN)]))
    expect(topTable(difference).rows.map(({ name }) => name)).to.deep.equal(['grows'])
    expect(topTable(difference, { type: 'inuse_objects' }).rows[0]?.flatUncertainty).to.equal(null)
  })

  it('of a profile of all memory has both kinds', () => {
    const native = profileOf({ site: sampled(1000, 50_000, random) })
    const builder = new ProfileBuilder({
      source: 'v8',
      sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }],
      sampleIntervalBytes: 32 * KIB,
    })
    builder.add([builder.named('objects')], [4096 * KIB])
    const rows = topTable(joinProfiles(native, builder.build())).rows
    expect(rows.find(({ name }) => name === 'site')?.flatUncertainty).to.equal(rowOf(native, 'inuse_space').error)
    const objects = rows.find(({ name }) => name === 'objects')?.cumulativeUncertainty
    // The size of an object is not known there: as of the smallest, which err the most.
    expect(objects).to.be.closeTo(1.96 * Math.sqrt(4096 * 32) * KIB, 8 * KIB)
  })

  it('is not known of a file that may be a difference, or where nobody says how it was sampled', async () => {
    const profile = profileOf({ site: [3, 3000] })
    const read = await parseAnyProfile(await toPprof(profile))
    for (const unknown of [read, { ...profile, sampleIntervalBytes: null }, subtractProfile(read, read)]) {
      expect(variancesOf(unknown, columnOf(unknown))).to.equal(null)
    }
    expect(topTable(read).rows[0]).to.include({ flatUncertainty: null, cumulativeUncertainty: null })
  })
})
