import { expect } from 'chai'
import { createSampler, measureLevel, measureTurn } from '../helpers/internals/measure.js'
import type { Instrument, ReleaseOutcome, ReleaseState, TurnReadings } from '../helpers/internals/measure.js'
import { fakeAllocator, fakeEnvironment } from './fakes.js'
import type { FakeEnvironment } from './fakes.js'

interface Bench {
  readonly instrument: Instrument
  readonly environment: FakeEnvironment
  /** The allocated bytes of the fake allocator. */
  bytes: number
}

function bench(): Bench {
  const environment = fakeEnvironment()
  const sampler = createSampler(
    fakeAllocator(() => ({ rawAllocated: result.bytes })),
    environment,
  )
  const instrument = { environment, sampler, collector: environment.collector(), threads: null }
  const result: Bench = { environment, instrument, bytes: 1_000_000 }
  return result
}

/** The state after one release. */
async function stateOf(release: () => unknown): Promise<ReleaseState> {
  const { windows } = await measureTurn(bench().instrument, 'none', [{ release }])
  expect(windows).to.have.lengthOf(1)
  return windows[0]?.state ?? { kind: 'done' }
}

/** How a release that is pending at the end of its turn ends. */
async function outcomeOf(release: () => unknown): Promise<ReleaseOutcome> {
  const state = await stateOf(release)
  if (state.kind !== 'pending') throw new Error(`it is ${state.kind} already`)
  return state.outcome
}

describe('measureTurn()', () => {
  it('reads before and after a release', async () => {
    const subject = bench()
    const { windows } = await measureTurn(subject.instrument, 'forced', [
      {
        release() {
          subject.bytes -= 400_000
          subject.environment.heapBytes -= 7_000
        },
      },
    ])
    expect(windows[0]).to.deep.include({
      before: { allocatedBytes: 1_000_000, heapBytes: 1_000_000, mappedBytes: null },
      after: { allocatedBytes: 600_000, heapBytes: 993_000, mappedBytes: null },
      state: { kind: 'done' },
      settled: true,
    })
  })

  it('shares reads between the windows of a turn: n + 1 collections for n releases', async () => {
    const subject = bench()
    const steps = [1000, 20_000, 300_000].map((size) => ({ release: () => (subject.bytes -= size) }))
    const { windows } = await measureTurn(subject.instrument, 'forced', steps)
    expect(
      windows.map(({ before, after }) => (before.allocatedBytes ?? 0) - (after.allocatedBytes ?? 0)),
    ).to.deep.equal([1000, 20_000, 300_000])
    expect(windows[1]?.before).to.equal(windows[0]?.after)
    expect(windows[2]?.before).to.equal(windows[1]?.after)
    expect(subject.environment.log.filter((step) => step === 'major')).to.have.lengthOf(4)
  })

  it('measures nothing where there are no steps', async () => {
    expect((await measureTurn(bench().instrument, 'none', [])).windows).to.deep.equal([])
  })

  it('measures the next cache where a release throws', async () => {
    const subject = bench()
    const error = new Error('refused')
    const { windows } = await measureTurn(subject.instrument, 'none', [
      {
        release() {
          subject.bytes -= 5000
          throw error
        },
      },
      { release: () => (subject.bytes -= 7000) },
    ])
    expect(windows.map(({ state }) => state)).to.deep.equal([{ kind: 'failed', error }, { kind: 'done' }])
    expect(windows.map(({ after }) => after.allocatedBytes)).to.deep.equal([995_000, 988_000])
  })

  it('ends the turn with the first asynchronous release, and leaves the others to a later one', async () => {
    const called: string[] = []
    const { windows } = await measureTurn(bench().instrument, 'none', [
      { release: () => called.push('first') },
      { release: async () => called.push('second') },
      { release: () => called.push('third') },
    ])
    expect([called, windows.length]).to.deep.equal([['first', 'second'], 2])
  })

  it('lays the settling before the first read to the first window, and adds up to the turn', async () => {
    const subject = bench()
    const step = { release: () => (subject.environment.clockMs += 100) }
    const turn = await measureTurn(subject.instrument, 'none', [step, step])
    expect(turn.windows.map(({ pauseMs }) => pauseMs)).to.deep.equal([103, 101.5])
    expect(turn.windows.map(({ releaseMs }) => releaseMs)).to.deep.equal([100, 100])
    expect([turn.pauseMs, turn.startedAtMs]).to.deep.equal([204.5, 1000])
  })

  it('counts what a release does in its microtasks as time of the release', async () => {
    const { environment, instrument } = bench()
    const turn = await measureTurn(instrument, 'none', [
      {
        async release() {
          environment.clockMs += 10
          await Promise.resolve()
          environment.clockMs += 200
        },
      },
    ])
    expect(turn.windows[0]?.releaseMs).to.equal(210)
  })

  it('says so where one side did not come to rest, and lays it to the windows it touches', async () => {
    const subject = bench()
    let moves = false
    subject.environment.sleepSync = (ms) => {
      if (moves) subject.bytes += 5000
      subject.environment.clockMs += ms
    }
    const { windows } = await measureTurn(subject.instrument, 'none', [
      { release: () => undefined },
      { release: () => (moves = true) },
      { release: () => (moves = false) },
      { release: () => undefined },
    ])
    expect(windows.map(({ settled }) => settled)).to.deep.equal([true, false, false, true])
  })

  it('says when each release is over in this turn, its microtasks included, before what follows is collected', async () => {
    const subject = bench()
    const seen: string[] = []
    const steps = ['sync', 'throws', 'async'].map((name) => ({
      release: () => {
        seen.push(name)
        if (name === 'throws') throw new Error('no')
        return name === 'async' ? Promise.resolve().then(() => seen.push('its microtask')) : undefined
      },
      afterRelease: () => {
        const collections = subject.environment.log.filter((done) => done === 'major').length
        seen.push(`after ${name}, ${String(collections)} collections`)
      },
    }))
    await measureTurn(subject.instrument, 'forced', steps)
    expect(seen).to.deep.equal([
      'sync',
      'after sync, 1 collections',
      'throws',
      'after throws, 2 collections',
      'async',
      'its microtask',
      'after async, 3 collections',
    ])
  })

  it('looks at the caches once, after the last read', async () => {
    const subject = bench()
    const seen: number[] = []
    const step = { release: () => (subject.bytes -= 10) }
    await measureTurn(subject.instrument, 'none', [step, step], () => seen.push(subject.bytes))
    expect(seen).to.deep.equal([999_980])
  })

  for (const [what, fail] of [
    ['the allocator', (subject: Bench, error: Error) => failLater(subject, 'look', error)],
    ['the collector', (subject: Bench, error: Error) => failLater(subject, 'collector', error)],
  ] as const) {
    it(`rejects where ${what} fails, before or after a release, synchronous or not`, async () => {
      for (const release of [() => undefined, async () => {}]) {
        const subject = bench()
        const error = new Error('gone')
        const turn = measureTurn(subject.instrument, 'forced', [
          {
            release() {
              fail(subject, error)
              return release()
            },
          },
        ])
        expect(await rejectionOf(turn)).to.equal(error)
      }
      const subject = bench()
      const error = new Error('gone')
      fail(subject, error)
      expect(await rejectionOf(measureTurn(subject.instrument, 'forced', []))).to.equal(error)
    })
  }

  it('rejects where the look at the caches throws', async () => {
    const error = new Error('looked wrong')
    const turn = measureTurn(bench().instrument, 'none', [{ release: async () => {} }], () => {
      throw error
    })
    expect(await rejectionOf(turn)).to.equal(error)
  })
})

describe('a release', () => {
  it('that returns anything without a then() is done', async () => {
    const values: readonly unknown[] = [
      undefined,
      null,
      0,
      '',
      'then',
      Symbol('then'),
      5n,
      {},
      [],
      () => 1,
      { then: 5 },
      { then: null },
    ]
    for (const value of values) expect(await stateOf(() => value)).to.deep.equal({ kind: 'done' })
  })

  it('that throws fails with what was thrown, whatever it is', async () => {
    for (const thrown of [undefined, null, 0, '', 'a text', Symbol('a'), { message: 'x' }, new Error('y')]) {
      const state = await stateOf(() => {
        // eslint-disable-next-line @typescript-eslint/only-throw-error -- that is the question
        throw thrown
      })
      expect(state).to.deep.equal({ kind: 'failed', error: thrown })
    }
  })

  it('that rejects within its turn fails with what it rejects with, whatever it is', async () => {
    for (const reason of [undefined, null, 0, 'a text', new Error('y')]) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- that is the question
      expect(await stateOf(async () => Promise.reject(reason))).to.deep.equal({
        kind: 'failed',
        error: reason,
      })
    }
  })

  it('that uses microtasks alone is done within its turn, however many', async () => {
    const state = await stateOf(async () => {
      for (let round = 0; round < 1000; round++) await Promise.resolve()
    })
    expect(state).to.deep.equal({ kind: 'done' })
  })

  it('that uses process.nextTick is done within its turn', async () => {
    const state = await stateOf(async () => {
      for (let round = 0; round < 5; round++) await nextTick()
    })
    expect(state).to.deep.equal({ kind: 'done' })
  })

  it('that goes on for ever in ticks and microtasks is pending', async () => {
    let isOver = false
    const state = await stateOf(async () => {
      while (!isOver) await nextTick()
    })
    isOver = true
    expect(state.kind).to.equal('pending')
  })

  it('that waits for a timer, an immediate or a file is pending, and done later', async () => {
    const { stat } = await import('node:fs/promises')
    for (const wait of [
      () => new Promise((resolve) => setTimeout(resolve, 1)),
      () => new Promise(setImmediate),
      () => stat('/'),
    ]) {
      expect(await outcomeOf(wait)).to.deep.equal({ kind: 'done' })
    }
  })

  it('that rejects in a later turn is pending, and fails without an unhandled rejection', async () => {
    const error = new Error('too late')
    const late = (): Promise<void> => new Promise((_, reject) => setTimeout(reject, 5, error))
    expect(await outcomeOf(late)).to.deep.equal({ kind: 'failed', error })
  })

  it('that never settles is pending', async () => {
    expect((await stateOf(() => new Promise(() => {}))).kind).to.equal('pending')
  })
})

describe('a release that returns a hostile thenable', () => {
  it('fails where reading then throws', async () => {
    const error = new Error('do not look')
    const hostile = {
      get then() {
        throw error
      },
    }
    expect(await stateOf(() => hostile)).to.deep.equal({ kind: 'failed', error })
  })

  it('is asked for its then once', async () => {
    let reads = 0
    const hostile = {
      get then() {
        reads++
        return reads === 1
          ? (resolve: () => void) => {
              resolve()
            }
          : undefined
      },
    }
    expect(await stateOf(() => hostile)).to.deep.equal({ kind: 'done' })
    expect(reads).to.equal(1)
  })

  it('fails where then() throws', async () => {
    const error = new Error('no')
    const hostile = {
      then() {
        throw error
      },
    }
    expect(await stateOf(() => hostile)).to.deep.equal({ kind: 'failed', error })
  })

  it('is done where then() resolves and throws afterwards', async () => {
    const hostile = {
      then(resolve: () => void) {
        resolve()
        throw new Error('too late to fail')
      },
    }
    expect(await stateOf(() => hostile)).to.deep.equal({ kind: 'done' })
  })

  it('goes by the first of several calls back', async () => {
    const hostile = {
      then(resolve: () => void, reject: (reason: unknown) => void) {
        reject('first')
        resolve()
        reject('third')
      },
    }
    expect(await stateOf(() => hostile)).to.deep.equal({ kind: 'failed', error: 'first' })
  })

  it('fails where it resolves with itself, at once or later', async () => {
    const hostile = {
      then(resolve: (value: unknown) => void) {
        resolve(hostile)
      },
    }
    const later = {
      then(resolve: (value: unknown) => void) {
        setImmediate(resolve, later)
      },
    }
    const state = await stateOf(() => hostile)
    expect(state).to.have.property('error').that.is.instanceOf(TypeError)
    expect(await outcomeOf(() => later))
      .to.have.property('error')
      .that.is.instanceOf(TypeError)
  })

  it('follows one that resolves with a promise', async () => {
    const error = new Error('inner')
    const hostile = {
      then(resolve: (value: unknown) => void) {
        resolve(Promise.reject(error))
      },
    }
    expect(await stateOf(() => hostile)).to.deep.equal({ kind: 'failed', error })
  })

  it('is pending where then() never calls back', async () => {
    expect((await stateOf(() => ({ then: () => undefined }))).kind).to.equal('pending')
  })

  it('is called with itself as this, as a function too', async () => {
    let self: unknown
    const hostile = Object.assign(() => undefined, {
      then(this: unknown, resolve: () => void) {
        // eslint-disable-next-line @typescript-eslint/no-this-alias -- what it is called with is the question
        self = this
        resolve()
      },
    })
    await stateOf(() => hostile)
    expect(self).to.equal(hostile)
  })
})

describe('measureLevel()', () => {
  it('settles and samples in a turn of its own', async () => {
    const { instrument, environment } = bench()
    const measured = measureLevel(instrument, 'forced')
    expect(environment.log).to.deep.equal([])
    const level = await measured
    expect(level).to.deep.include({ settled: true, pauseMs: 3, atMs: 1000 })
    expect(level.sample).to.include({ allocatedBytes: 1_000_000, heapUsedBytes: 1_000_000 })
    expect(environment.log.filter((step) => step === 'major')).to.have.lengthOf(1)
  })

  it('rejects where the allocator fails', async () => {
    const subject = bench()
    const error = new Error('gone')
    failLater(subject, 'look', error)
    expect(await rejectionOf(measureLevel(subject.instrument, 'none'))).to.equal(error)
  })
})

function nextTick(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}

/** From now on this part of the instrument throws. */
function failLater({ instrument }: Bench, part: 'look' | 'collector', error: Error): void {
  const fail = (): never => {
    throw error
  }
  if (part === 'look') instrument.sampler.readLiveBytes = fail
  else Object.assign(instrument.collector ?? {}, { major: fail })
}

function rejectionOf(turn: Promise<TurnReadings | object>): Promise<unknown> {
  return turn.then(
    () => 'it resolved',
    (error: unknown) => error,
  )
}
