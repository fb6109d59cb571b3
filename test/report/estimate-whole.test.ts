import { expect } from 'chai'
import { planTrim } from '../helpers/internals/coordinator-live.js'
import { estimateWhole } from '../helpers/internals/report.js'
import type { MeasuredPart, WholeEstimate } from '../helpers/internals/report.js'
import { KIB, MIB, normalOf, randomOf } from '../coordinator/world.js'
import { thorough } from '../helpers/thorough.js'

const QUIET = { allocatedBytes: 8 * KIB, heapBytes: 16 * KIB, mappedBytes: null }
const CLAIMS_NOTHING = { claimedBefore: null, claimedAfter: null }

describe('the whole of a trimmed cache', () => {
  it('is what the coldest held, and as much for each of the others as those dropped at random', () => {
    const { estimated, trim } = estimateWhole(
      [
        part({ choice: 'coldest', entriesBefore: 1000, entriesAfter: 900, bytes: 100 * KIB }),
        part({ entriesBefore: 900, entriesAfter: 890, bytes: 100 * KIB }),
        part({ entriesBefore: 890, entriesAfter: 880, bytes: 100 * KIB }),
      ],
      QUIET,
    )
    expect(estimated.allocatedBytes).to.equal(100 * KIB + 900 * 10 * KIB)
    expect(trim).to.deep.equal({ batches: 3, entriesDropped: 120, entriesAtRandom: 20, basis: 'entries' })
  })

  it('has its hash table, which no part shows, on the heap and in the error bar', () => {
    const { estimated, estimatedUncertaintyBytes } = estimateWhole(alike(1000), QUIET)
    expect(estimated.heapBytes).to.equal(1000 * 56)
    expect(estimatedUncertaintyBytes).to.be.at.least(1000 * 56)
  })

  it('is unknown where nothing was dropped', () => {
    const { estimated, trim } = estimateWhole([part({ entriesBefore: 5, entriesAfter: 5, bytes: 3 })], QUIET)
    expect(estimated).to.deep.equal({ allocatedBytes: null, heapBytes: null, mappedBytes: null, totalBytes: null })
    expect(trim.entriesDropped).to.equal(0)
  })

  it('is unknown in the quantity that the allocator lacks, and so is its error', () => {
    const parts = alike(1000).map((each) => ({
      ...each,
      change: { allocatedBytes: null, heapBytes: 5 * KIB, mappedBytes: null },
    }))
    const whole = estimateWhole(parts, { allocatedBytes: null, heapBytes: 16 * KIB, mappedBytes: null })
    expect(whole.estimated).to.include({ allocatedBytes: null, totalBytes: null })
    expect(whole.estimated.heapBytes).to.be.greaterThan(0)
    expect(whole.estimatedUncertaintyBytes).to.equal(null)
  })

  it('has no known error without controls, or of one part alone', () => {
    const unknown = { allocatedBytes: null, heapBytes: null, mappedBytes: null }
    expect(estimateWhole(alike(1000), unknown).estimatedUncertaintyBytes).to.equal(null)
    expect(estimateWhole(alike(1000).slice(0, 1), QUIET).estimatedUncertaintyBytes).to.equal(null)
  })

  it('is scaled by the share where the cache counts nothing, with an error that is not known', () => {
    const parts = alike(1000).map((each) => ({ ...each, entriesBefore: null, entriesAfter: null }))
    const { estimated, estimatedUncertaintyBytes, trim } = estimateWhole(parts, QUIET)
    expect(estimated.allocatedBytes).to.equal(1000 * KIB)
    expect([estimatedUncertaintyBytes, trim.basis, trim.entriesDropped]).to.deep.equal([null, 'fraction', null])
  })

  it('carries the noise of its windows, scaled like them', () => {
    const noisy = estimateWhole(alike(100_000), { allocatedBytes: 64 * KIB, heapBytes: 64 * KIB, mappedBytes: null })
    const calm = estimateWhole(alike(100_000), QUIET)
    expect(noisy.estimatedUncertaintyBytes).to.be.greaterThan((calm.estimatedUncertaintyBytes ?? Infinity) * 2)
  })

  describe('of which only the coldest were dropped', () => {
    const cold = alike(1000).map((each) => ({ ...each, choice: 'coldest' as const }))

    it('has no known error', () => {
      const { estimated, estimatedUncertaintyBytes, trim } = estimateWhole(cold, QUIET)
      expect([estimated.allocatedBytes, estimatedUncertaintyBytes]).to.deep.equal([1000 * KIB, null])
      expect(trim.entriesAtRandom).to.equal(0)
    })

    it('follows what the cache claims of the rest, as unsure as that differs from the count of entries', () => {
      // The coldest claim a kilobyte each, the whole thrice as much an entry.
      let claimed = 3000 * KIB
      const claiming = cold.map((each) => {
        const before = claimed
        claimed -= 10 * KIB
        return { ...each, claimedBefore: before, claimedAfter: claimed }
      })
      const { estimated, estimatedUncertaintyBytes, trim } = estimateWhole(claiming, QUIET)
      expect([estimated.allocatedBytes, trim.basis]).to.deep.equal([3000 * KIB, 'claimed bytes'])
      expect(estimatedUncertaintyBytes).to.be.at.least(2000 * KIB)
    })
  })

  describe('of known content, trimmed by five in a hundred', () => {
    /** Each of these takes the processor for half a second: one choice of each content is run every time. */
    const PLAIN: Readonly<Record<string, 'coldest' | 'random'>> = {
      'sizes alike': 'random',
      'sizes uniform': 'random',
      'sizes log-normal': 'coldest',
      'sizes log-normal, claimed': 'coldest',
      'the older half ten times smaller': 'coldest',
      'the older tenth ten times larger': 'random',
    }
    for (const [name, sizeOf, claims] of [
      ['sizes alike', () => () => 1000, false],
      ['sizes uniform', (random: () => number) => () => 100 + 1900 * random(), false],
      ['sizes log-normal', (random: () => number) => logNormal(random, 1), false],
      ['sizes log-normal, claimed', (random: () => number) => logNormal(random, 1.5), true],
      ['the older half ten times smaller', () => (age: number) => (age < 0.5 ? 400 : 4000), false],
      ['the older tenth ten times larger', () => (age: number) => (age < 0.1 ? 4000 : 400), false],
    ] as const) {
      for (const choice of ['coldest', 'random'] as const) {
        const test = PLAIN[name] === choice ? it : thorough
        test(`is inside its error bar in 95 of 100 runs: ${name}, ${choice}`, function () {
          this.timeout(60_000)
          const outcomes = Array.from({ length: 200 }, (_, run) => simulate(run, sizeOf, choice, claims))
          expect(outcomes.filter(({ isInside }) => isInside).length).to.be.at.least(187)
          const errors = outcomes.map(({ error }) => error).toSorted((a, b) => a - b)
          expect(errors[100], 'median error').to.be.below(0.05)
        })
      }
    }
  })
})

interface Outcome {
  readonly isInside: boolean
  readonly error: number
}

const ENTRIES = 20_000

/** One cache, trimmed as a run does it; the truth is known to the byte, its hash table included. */
function simulate(
  seed: number,
  sizes: (random: () => number) => (age: number) => number,
  choice: 'coldest' | 'random',
  claims: boolean,
): Outcome {
  const random = randomOf(seed + 1)
  const sizeOf = sizes(random)
  const entries = Array.from({ length: ENTRIES }, (_, index) => sizeOf(index / ENTRIES))
  const truth = sum(entries) + ENTRIES * (28 + 84 * random())
  const batches = planTrim(
    { mode: 'trim', fraction: 0.05, choice },
    { release: () => undefined, trim: () => undefined, trimChoices: ['coldest', 'random'] },
    { entries: ENTRIES, isStepped: false },
  )
  const noise = normalOf(random)
  const parts = (batches ?? []).map((batch): MeasuredPart => {
    const entriesBefore = entries.length
    const claimedBefore = claims ? sum(entries) : null
    const count = Math.round(entries.length * batch.fraction)
    let bytes = 0
    for (let dropped = 0; dropped < count; dropped++) {
      const index = batch.choice === 'coldest' ? 0 : Math.floor(random() * entries.length)
      bytes += entries.splice(index, 1)[0] ?? 0
    }
    const change = { allocatedBytes: bytes + 1000 * noise(), heapBytes: 1000 * noise(), mappedBytes: null }
    const claimedAfter = claims ? sum(entries) : null
    const { choice: chosen, share } = batch
    return { choice: chosen, share, entriesBefore, entriesAfter: entries.length, claimedBefore, claimedAfter, change }
  })
  return judge(estimateWhole(parts, QUIET), truth)
}

function judge({ estimated, estimatedUncertaintyBytes }: WholeEstimate, truth: number): Outcome {
  const off = Math.abs((estimated.totalBytes ?? NaN) - truth)
  return { isInside: off <= (estimatedUncertaintyBytes ?? -1), error: off / truth }
}

function logNormal(random: () => number, sigma: number): () => number {
  const normal = normalOf(random)
  return () => Math.min(1000 * Math.exp(sigma * normal()), MIB)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Five parts of ten entries of a kilobyte, dropped at random. */
function alike(entries: number): MeasuredPart[] {
  return Array.from({ length: 5 }, (_, index) =>
    part({
      entriesBefore: entries - 10 * index,
      entriesAfter: entries - 10 * index - 10,
      bytes: 10 * KIB,
      share: 0.01,
    }),
  )
}

function part({
  bytes,
  choice = 'random',
  share = 0.01,
  ...counts
}: {
  readonly bytes: number
  readonly choice?: 'coldest' | 'random'
  readonly share?: number
  readonly entriesBefore: number
  readonly entriesAfter: number
}): MeasuredPart {
  return {
    choice,
    share,
    ...CLAIMS_NOTHING,
    ...counts,
    change: { allocatedBytes: bytes, heapBytes: 0, mappedBytes: null },
  }
}
