import { expect } from 'chai'
import type { CalibrationPoint } from '../helpers/internals/coordinator.js'
import type { CalibrationState, CacheAttribution } from '../../src/index.js'
import { Calibrations } from '../helpers/internals/coordinator.js'
import { ATTRIBUTION_MODES } from '../helpers/internals/report.js'
import { report, row } from '../report/reports.js'
import { KIB, MIB, World, thrownBy } from './world.js'
import type { FakeCache } from './world.js'

const POINT: CalibrationPoint = {
  measuredAt: '2026-01-01T00:00:00.000Z',
  mode: 'release',
  entries: 1000,
  bytesPerEntry: 2000,
  uncertaintyPerEntry: 20,
  measuredPerClaimed: 2,
}
const NOW = new Date('2026-01-01T01:00:00.000Z')

function stateOf(...points: readonly Partial<CalibrationPoint>[]): CalibrationState {
  return { schemaVersion: 1, caches: [{ name: 'users', points: points.map((point) => ({ ...POINT, ...point })) }] }
}

function calibrated(...points: readonly Partial<CalibrationPoint>[]): Calibrations {
  const calibrations = new Calibrations()
  calibrations.restore(stateOf(...points), NOW)
  return calibrations
}

describe('a calibrated cache', () => {
  it('is told from its count of entries, with the age of the measurement', () => {
    const estimate = calibrated({ measuredPerClaimed: null }).estimate('users', 1000, null, NOW)
    expect(estimate).to.deep.include({
      estimatedBytes: 2_000_000,
      estimatedUncertaintyBytes: 20_000,
      calibrationAgeMs: 3_600_000,
    })
  })

  it('is as unsure as entries came or went: each may be twice as large, or nothing', () => {
    const calibrations = calibrated({ measuredPerClaimed: null })
    expect(calibrations.estimate('users', 2000, null, NOW)).to.deep.include({
      estimatedBytes: 4_000_000,
      estimatedUncertaintyBytes: 40_000 + 2_000_000 + 56_000,
    })
    expect(calibrations.estimate('users', 500, null, NOW)?.estimatedUncertaintyBytes).to.equal(
      10_000 + 1_000_000 + 28_000,
    )
    expect(calibrations.estimate('users', 0, null, NOW)).to.deep.include({
      estimatedBytes: 0,
      estimatedUncertaintyBytes: 56_000,
    })
  })

  it('follows what it claims where it claims anything, as unsure as that differs from the count', () => {
    // Twice as many entries, and those that came are three times as large.
    expect(calibrated({}).estimate('users', 2000, 4_000_000, NOW)).to.deep.include({
      estimatedBytes: 8_000_000,
      estimatedUncertaintyBytes: 80_000 + 4_000_000 + 56_000,
    })
  })

  it('is as unsure as its measurements differ', () => {
    const calibrations = calibrated(
      { measuredPerClaimed: null, bytesPerEntry: 3000, measuredAt: '2025-12-31T00:00:00.000Z' },
      { measuredPerClaimed: null },
    )
    expect(calibrations.estimate('users', 1000, null, NOW)?.estimatedUncertaintyBytes).to.equal(20_000 + 1_000_000)
  })

  it('has no known error where its measurement had none', () => {
    const estimate = calibrated({ uncertaintyPerEntry: null }).estimate('users', 1000, null, NOW)
    expect([estimate?.estimatedBytes, estimate?.estimatedUncertaintyBytes]).to.deep.equal([2_000_000, null])
  })

  it('is finite or null, whatever numbers were restored or are counted', () => {
    const least = Number.MIN_VALUE
    for (const point of [
      { bytesPerEntry: least, uncertaintyPerEntry: 1 },
      { bytesPerEntry: least, uncertaintyPerEntry: 1, measuredPerClaimed: null },
      { bytesPerEntry: 2 ** 53, measuredPerClaimed: 2 ** 53, uncertaintyPerEntry: 2 ** 53 },
      { bytesPerEntry: 2 ** 53, measuredPerClaimed: least, entries: least },
    ]) {
      for (const entries of [0, 1, 1000, Number.MAX_VALUE]) {
        for (const claimedBytes of [null, 0, 1e6, Number.MAX_VALUE]) {
          const estimate = calibrated(point).estimate('users', entries, claimedBytes, NOW)
          if (estimate === null) continue
          const { estimatedBytes, estimatedUncertaintyBytes } = estimate
          expect([estimatedBytes, estimatedUncertaintyBytes ?? 0].every(Number.isFinite)).to.equal(true)
        }
      }
    }
    const noise = calibrated({ bytesPerEntry: least, uncertaintyPerEntry: 1, measuredPerClaimed: null })
    expect(noise.estimate('users', 1000, null, NOW)).to.include({ estimatedBytes: 0, estimatedUncertaintyBytes: null })
    expect(calibrated({ measuredPerClaimed: 2 ** 53 }).estimate('users', 1, 1e300, NOW)).to.equal(null)
  })

  it('is unknown without a count of entries, and before its first measurement', () => {
    expect(calibrated({}).estimate('users', null, 5, NOW)).to.equal(null)
    expect(calibrated({}).estimate('others', 5, 5, NOW)).to.equal(null)
  })

  it('keeps the latest eight measurements, whatever order they come in', () => {
    const many = Array.from({ length: 20 }, (_, index) => ({
      measuredAt: new Date(Date.UTC(2025, 0, 20 - index)).toISOString(),
    }))
    const [cache] = calibrated(...many).toJSON().caches
    expect(cache?.points.map(({ measuredAt }) => measuredAt.slice(8, 10))).to.deep.equal([
      '13',
      '14',
      '15',
      '16',
      '17',
      '18',
      '19',
      '20',
    ])
  })
})

describe('a calibration whose dates are not those of this clock', () => {
  const YEARS_AHEAD = '2031-01-01T00:00:00.000Z'
  const HOUR = 3_600_000
  /** The result of a run that began so long after NOW. */
  const measure = (calibrations: Calibrations, bytes: number, afterMs: number): void => {
    const startedAt = new Date(NOW.getTime() + afterMs).toISOString()
    calibrations.note(report([row('users', bytes)], { startedAt }))
  }
  const sizesOf = (calibrations: Calibrations): (number | undefined)[] =>
    calibrations.toJSON().caches.flatMap(({ points }) => points.map(({ bytesPerEntry }) => bytesPerEntry))

  it('is as old as its restore where it comes from the future, and grows older from then on', () => {
    const calibrations = calibrated({ measuredAt: YEARS_AHEAD })
    expect(calibrations.estimate('users', 1, null, NOW)?.calibration.measuredAt).to.equal(NOW.toISOString())
    const later = new Date(NOW.getTime() + HOUR)
    expect(calibrations.estimate('users', 1, null, later)?.calibrationAgeMs).to.equal(HOUR)
  })

  it('gives way to the next run, here and in the process after', () => {
    const calibrations = calibrated({ measuredAt: YEARS_AHEAD })
    measure(calibrations, 500_000, HOUR)
    expect(sizesOf(calibrations)).to.deep.equal([2000, 5000])
    const next = new Calibrations()
    next.restore(calibrations.toJSON(), new Date(NOW.getTime() + 2 * HOUR))
    expect(sizesOf(next)).to.deep.equal([2000, 5000])
  })

  it('does not hide what was measured in this process, however much of it there is', () => {
    const calibrations = new Calibrations()
    for (const bytes of [300_000, 400_000, 500_000]) measure(calibrations, bytes, bytes)
    const many = Array.from({ length: 20 }, (_, index) => ({
      bytesPerEntry: 100 + index,
      measuredAt: new Date(Date.parse(YEARS_AHEAD) + index).toISOString(),
    }))
    calibrations.restore(stateOf(...many, { measuredAt: '2025-01-01T00:00:00.000Z' }), NOW)
    expect(calibrations.estimate('users', 100, null, NOW)?.estimatedBytes).to.equal(500_000)
    expect(sizesOf(calibrations).slice(-3)).to.deep.equal([3000, 4000, 5000])
  })

  it('is the last of a run whose clock was put back, here and in the process after', () => {
    const calibrations = calibrated({})
    measure(calibrations, 300_000, 10 * HOUR)
    measure(calibrations, 400_000, -10 * HOUR)
    expect(sizesOf(calibrations).at(-1)).to.equal(4000)
    const next = new Calibrations()
    next.restore(calibrations.toJSON(), NOW)
    expect(next.estimate('users', 100, null, NOW)?.estimatedBytes).to.equal(400_000)
  })

  it('takes nothing without a known error behind what has one', () => {
    const calibrations = calibrated(
      { measuredAt: '2025-01-01T00:00:00.000Z', bytesPerEntry: 1, uncertaintyPerEntry: null },
      { measuredAt: '2025-01-02T00:00:00.000Z' },
      { measuredAt: '2025-01-03T00:00:00.000Z', bytesPerEntry: 3, uncertaintyPerEntry: null },
    )
    expect(sizesOf(calibrations)).to.deep.equal([1, 2000])
  })

  it('is not doubled by a second restore, nor by one of what was measured here', () => {
    const calibrations = calibrated({}, { measuredAt: YEARS_AHEAD, bytesPerEntry: 1 })
    measure(calibrations, 300_000, HOUR)
    const saved = calibrations.toJSON()
    calibrations.restore(saved, NOW)
    expect(calibrations.toJSON()).to.deep.equal(saved)
  })
})

describe('observe()', () => {
  it('tells nothing of a cache that was not measured: null, not 0', () => {
    const { coordinator } = oneCache()
    expect(coordinator.observe().caches[0]).to.include({
      estimatedBytes: null,
      estimatedUncertaintyBytes: null,
      calibrationAgeMs: null,
      calibration: null,
    })
  })

  it('tells after a run what the cache holds now, and releases nothing for it', async () => {
    const { world, coordinator, cache } = oneCache()
    await coordinator.attribute()
    world.clockMs += 60_000
    cache.entryCount = 20
    const seen = coordinator.observe().caches[0]
    expect(cache.releases).to.equal(1)
    expect(seen?.estimatedBytes).to.equal(2 * 3 * MIB)
    expect(seen?.calibrationAgeMs).to.be.at.least(60_000)
    expect(seen?.calibration).to.include({ entries: 10, bytesPerEntry: (3 * MIB) / 10 })
  })

  it('is not calibrated by a release that failed, left entries, or showed nothing but noise', async () => {
    const world = new World()
    const coordinator = world.coordinator({ controls: 4 })
    const small = world.cache('small', { allocated: KIB })
    coordinator.register('small', small)
    coordinator.register('failed', {
      release: () => {
        throw new Error('no')
      },
      entries: () => 5,
    })
    coordinator.register('half', { release: () => world.free({ allocated: MIB }), entries: () => 5 })
    await coordinator.attribute()
    expect(coordinator.calibration.caches).to.deep.equal([])
  })

  it('is not calibrated by a trim that failed, though the parts before tell something of the whole', () => {
    const calibrations = new Calibrations()
    calibrations.note(report([trimmed('a', MIB, { status: 'failed' }), trimmed('b', MIB, { status: 'timed-out' })]))
    calibrations.note(report([row('c', MIB, { status: 'failed' }), row('d', MIB, { status: 'skipped' })]))
    expect(calibrations.toJSON().caches).to.deep.equal([])
  })

  it('keeps a measurement with a known error where the next one has none', () => {
    const calibrations = new Calibrations()
    const note = (bytes: number, estimatedUncertaintyBytes: number | null, hour: number): void => {
      const startedAt = new Date(Date.UTC(2026, 0, 1, hour)).toISOString()
      calibrations.note(report([trimmed('users', bytes, { estimatedUncertaintyBytes })], { startedAt, mode: 'trim' }))
    }
    const estimated = (): unknown[] => {
      const { estimatedBytes, estimatedUncertaintyBytes } = calibrations.estimate('users', 100, null, NOW) ?? {}
      return [estimatedBytes, estimatedUncertaintyBytes]
    }
    // Better than nothing.
    note(MIB, null, 0)
    expect(estimated()).to.deep.equal([MIB, null])
    note(2 * MIB, MIB, 1)
    note(5 * MIB, null, 2)
    expect(estimated()).to.deep.equal([2 * MIB, 2 * MIB])
  })

  it('is calibrated through a restart by plain JSON', async () => {
    const { coordinator } = oneCache()
    await coordinator.attribute()
    const saved = JSON.stringify(coordinator.calibration)
    const next = oneCache()
    next.coordinator.restoreCalibration(JSON.parse(saved))
    expect(next.coordinator.observe().caches[0]?.estimatedBytes).to.equal(3 * MIB)
    expect(JSON.stringify(next.coordinator.calibration)).to.equal(saved)
  })

  for (const mode of ATTRIBUTION_MODES) {
    it(`is calibrated through a restart by a run of mode '${mode}'`, () => {
      const { coordinator } = oneCache()
      const calibrations = new Calibrations()
      calibrations.note(report([mode === 'trim' ? trimmed('users', MIB) : row('users', MIB)], { mode }))
      coordinator.restoreCalibration(JSON.parse(JSON.stringify(calibrations)))
      expect(coordinator.observe().caches[0]?.calibration).to.include({ mode, bytesPerEntry: MIB / 100 })
    })
  }

  it('takes up the calibration of a cache that is registered later', () => {
    const world = new World()
    const coordinator = world.coordinator()
    coordinator.restoreCalibration({ schemaVersion: 1, caches: [{ name: 'users', points: [POINT] }] })
    coordinator.register('users', world.cache('users', { heap: MIB }, 500))
    expect(coordinator.observe().caches[0]?.calibration).to.deep.equal(POINT)
  })
})

describe('restoreCalibration() refuses', () => {
  const cache = (point: unknown): unknown => ({ schemaVersion: 1, caches: [{ name: 'users', points: [point] }] })
  for (const [what, given, words] of [
    ['a string', '{"schemaVersion":1}', /must be an object, got "/],
    ['null', null, /must be an object, got null/],
    ['another version', { schemaVersion: 2, caches: [] }, /schemaVersion must be 1, got 2/],
    ['no list of caches', { schemaVersion: 1 }, /caches must be an array/],
    ['too many caches', { schemaVersion: 1, caches: new Array(10_001).fill(0) }, /at most 10000/],
    ['a cache without a name', { schemaVersion: 1, caches: [{ points: [] }] }, /caches\[0\]\.name/],
    [
      'a name of a megabyte',
      { schemaVersion: 1, caches: [{ name: 'x'.repeat(1e6), points: [] }] },
      /caches\[0\]\.name/,
    ],
    [
      'a name twice',
      {
        schemaVersion: 1,
        caches: [
          { name: 'a', points: [] },
          { name: 'a', points: [] },
        ],
      },
      /caches\[1\]/,
    ],
    ['a negative size', cache({ ...POINT, bytesPerEntry: -5 }), /bytesPerEntry must be a number > 0, got -5/],
    ['a size that is no number', cache({ ...POINT, bytesPerEntry: '5' }), /bytesPerEntry/],
    ['infinitely many entries', cache({ ...POINT, entries: Infinity }), /entries/],
    ['NaN', cache({ ...POINT, uncertaintyPerEntry: NaN }), /uncertaintyPerEntry/],
    ['no date', cache({ ...POINT, measuredAt: 'yesterday' }), /measuredAt must be a date/],
    ['another mode', cache({ ...POINT, mode: 'purge' }), /mode must be one of 'twin', 'release', 'trim', got "purge"/],
    ['a missing member', cache({ ...POINT, measuredPerClaimed: undefined }), /measuredPerClaimed/],
    ['a Proxy that throws', throwing(), /cannot be read/],
  ] as const) {
    it(what, () => {
      const coordinator = new World().coordinator()
      coordinator.restoreCalibration({ schemaVersion: 1, caches: [{ name: 'before', points: [POINT] }] })
      const error = thrownBy(() => {
        coordinator.restoreCalibration(given)
      })
      expect(error).to.have.property('code', 'ERR_CALIBRATION_INVALID')
      expect((error as Error).message).to.match(words)
      // Nothing of it was taken.
      expect(coordinator.calibration.caches.map(({ name }) => name)).to.deep.equal(['before'])
    })
  }

  it('nothing of a name that is a word of JavaScript', () => {
    const calibrations = new Calibrations()
    const hostile = JSON.parse(
      `{"schemaVersion":1,"caches":[{"name":"__proto__","points":[${JSON.stringify(POINT)}]}]}`,
    ) as unknown
    calibrations.restore(hostile, NOW)
    expect(calibrations.estimate('__proto__', 5, null, NOW)?.estimatedBytes).to.equal(10_000)
    expect(calibrations.estimate('toString', 5, null, NOW)).to.equal(null)
    expect(({} as Record<string, unknown>)['points']).to.equal(undefined)
  })
})

function oneCache(): { world: World; coordinator: ReturnType<World['coordinator']>; cache: FakeCache } {
  const world = new World()
  const coordinator = world.coordinator({ controls: 4 })
  const cache = world.cache('users', { allocated: 2 * MIB, heap: MIB })
  // Without claims: those of a fake cache do not follow its count.
  coordinator.register('users', { release: (context) => void cache.release(context), entries: () => cache.entryCount })
  return { world, coordinator, cache }
}

/** A row of a cache that was trimmed, whose whole was estimated. */
function trimmed(name: string, totalBytes: number, rest: Partial<CacheAttribution> = {}): CacheAttribution {
  return row(name, totalBytes / 20, {
    status: 'trimmed',
    entriesAfter: 95,
    estimated: { allocatedBytes: totalBytes, heapBytes: 0, mappedBytes: null, totalBytes },
    estimatedUncertaintyBytes: totalBytes / 10,
    ...rest,
  })
}

function throwing(): object {
  return new Proxy(
    {},
    {
      get: () => {
        throw new Error('no')
      },
    },
  )
}
