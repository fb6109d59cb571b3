import { expect } from 'chai'
import {
  QUIESCENT_TOLERANCE_BYTES,
  drain,
  drainBriefly,
  settleAfter,
  settleBefore,
  ThreadWatch,
} from '../helpers/internals/measure.js'
import type { SettleTools } from '../helpers/internals/measure.js'
import { fakeEnvironment } from './fakes.js'
import type { FakeEnvironment } from './fakes.js'

/** Tools whose live bytes follow `live`, by the number of the read and the time since the start. */
function tools(
  live: (read: number, ms: number) => number,
  threadsAtWork?: (ms: number) => readonly number[],
): SettleTools & { environment: FakeEnvironment; reads: number } {
  const environment = fakeEnvironment()
  const sinceStart = (): number => environment.clockMs - 1000
  const result = {
    environment,
    reads: 0,
    threads:
      threadsAtWork === undefined
        ? null
        : new ThreadWatch((ids) => {
            const atWork = threadsAtWork(sinceStart())
            ids.set(atWork.slice(0, ids.length))
            return atWork.length
          }),
    readLiveBytes: () => live(result.reads++, sinceStart()),
    noteHeap: () => {
      environment.log.push('note heap')
    },
  }
  return result
}

describe('drain()', () => {
  it('is over after three equal reads in a row, 0.5 ms apart', () => {
    const subject = tools(() => 5000)
    expect(drain(subject)).to.deep.equal({ isQuiescent: true, durationMs: 1.5 })
    expect(subject.environment.log).to.deep.equal(['sleep 0.5', 'sleep 0.5', 'sleep 0.5'])
    expect(subject.reads).to.equal(4)
  })

  it('takes reads for equal that differ by 1 KiB, in either direction', () => {
    for (const step of [QUIESCENT_TOLERANCE_BYTES, -QUIESCENT_TOLERANCE_BYTES]) {
      expect(drain(tools((read) => 1e6 + read * step)).durationMs).to.equal(1.5)
    }
  })

  it('takes reads for different that differ by one byte more, in either direction', () => {
    for (const step of [QUIESCENT_TOLERANCE_BYTES + 1, -QUIESCENT_TOLERANCE_BYTES - 1]) {
      expect(drain(tools((read) => 1e6 + read * step)).isQuiescent).to.equal(false)
    }
  })

  it('begins to count anew after a read that moved', () => {
    // 0 and 0 agree, 9000 does not, then three agree with the one before.
    expect(drain(tools((read) => (read < 3 ? 0 : 9000)))).to.deep.equal({ isQuiescent: true, durationMs: 3 })
  })

  it('gives up after 40 ms where the reads never agree', () => {
    expect(drain(tools((read) => read * 1e6))).to.deep.equal({ isQuiescent: false, durationMs: 40 })
  })

  it('waits three steps where there is no figure to compare', () => {
    expect(drain(tools(() => NaN))).to.deep.equal({ isQuiescent: true, durationMs: 1.5 })
  })

  it('does not rest while a thread works, even where the reads agree', () => {
    const subject = tools(
      () => 0,
      (ms) => (ms < 30 ? [7] : []),
    )
    expect(drain(subject)).to.deep.equal({ isQuiescent: true, durationMs: 31 })
  })

  it('rests when a thread ends its work after the shorter bound', () => {
    const subject = tools(
      () => 0,
      (ms) => (ms < 100 ? [7] : []),
    )
    expect(drain(subject)).to.deep.equal({ isQuiescent: true, durationMs: 101 })
  })

  it('gives reads that move when a thread has ended its work the shorter bound', () => {
    const subject = tools(
      (read) => read * 1e6,
      (ms) => (ms < 50 ? [7] : []),
    )
    expect(drain(subject)).to.deep.equal({ isQuiescent: false, durationMs: 89.5 })
  })

  it('gives up after 120 ms where a thread goes on working', () => {
    const subject = tools(
      () => 0,
      () => [7],
    )
    expect(drain(subject)).to.deep.equal({ isQuiescent: false, durationMs: 120 })
  })

  it('waits once for a thread that never rests, and passes it over from then on', () => {
    const subject = tools(
      () => 0,
      () => [7],
    )
    const durations = Array.from({ length: 3 }, () => drain(subject).durationMs)
    expect(durations).to.deep.equal([120, 1.5, 1.5])
  })

  it('waits for other threads than the one that is passed over', () => {
    const subject = tools(
      () => 0,
      (ms) => (ms < 120 || ms > 150 ? [7] : [7, 8]),
    )
    drain(subject)
    expect(drain(subject)).to.deep.equal({ isQuiescent: true, durationMs: 31.5 })
  })

  it('takes a clock that stands while this thread sleeps for no time', () => {
    const subject = tools(() => 0)
    subject.environment.sleepSync = () => {}
    expect(drain(subject)).to.deep.equal({ isQuiescent: true, durationMs: 0 })
  })
})

describe('drainBriefly()', () => {
  it('waits 20 ms for a thread that works, and then goes by the readings alone', () => {
    const subject = tools(
      () => 0,
      () => [7],
    )
    expect(drainBriefly(subject, 10)).to.deep.equal({ isQuiescent: true, durationMs: 21.5 })
  })

  it('goes by the readings alone after a long collection', () => {
    const subject = tools(
      () => 0,
      () => [7],
    )
    expect(drainBriefly(subject, 51)).to.deep.equal({ isQuiescent: true, durationMs: 0.5 })
  })

  it('passes no thread over: sweepers work at every collection', () => {
    const subject = tools(
      () => 0,
      () => [7],
    )
    drainBriefly(subject, 10)
    expect(subject.threads?.isAnyAtWork()).to.equal(true)
  })
})

describe('settleBefore() and settleAfter()', () => {
  const steps = ({ environment }: { environment: FakeEnvironment }): string[] =>
    environment.log.filter((step, index, log) => step !== log[index - 1])

  it('drain, collect, note the heap, collect the young, drain', () => {
    const subject = tools(() => 0)
    settleBefore(subject, subject.environment.collector(), 'forced')
    expect(steps(subject)).to.deep.equal(['sleep 0.5', 'major', 'note heap', 'minor', 'sleep 0.5'])
  })

  it('do not drain before a collection where nothing was started since the last', () => {
    const subject = tools(() => 0)
    settleAfter(subject, subject.environment.collector(), 'forced')
    expect(steps(subject)).to.deep.equal(['major', 'note heap', 'minor', 'sleep 0.5'])
  })

  it('leave the major collection to V8 where garbage goes naturally', () => {
    const subject = tools(() => 0)
    settleBefore(subject, subject.environment.collector(), 'natural')
    expect(steps(subject)).to.deep.equal(['sleep 0.5', 'minor', 'sleep 0.5'])
  })

  it('drain alone where nothing is collected', () => {
    for (const settle of [settleBefore, settleAfter]) {
      const subject = tools(() => 0)
      settle(subject, subject.environment.collector(), 'none')
      expect(steps(subject)).to.deep.equal(['sleep 0.5'])
    }
  })

  it('do without a collector', () => {
    const subject = tools(() => 0)
    expect(settleBefore(subject, null, 'natural')).to.deep.equal({ isQuiescent: true, durationMs: 3 })
  })

  it('say so where the readings did not rest after the collection', () => {
    const subject = tools((read) => (read < 4 ? 0 : read * 1e6))
    expect(settleBefore(subject, subject.environment.collector(), 'forced')).to.deep.equal({
      isQuiescent: false,
      durationMs: 41.5,
    })
  })

  describe('with finalizers', () => {
    /** Finalizers that drop something so many times. */
    const withFinalizers = (drops: number): ReturnType<typeof tools> => {
      const subject = tools(() => 0)
      let left = drops
      return Object.assign(subject, {
        finalizers: {
          run: () => {
            subject.environment.log.push('finalizers')
            return left-- > 0
          },
        },
      })
    }

    it('run them after the collections, and drain once after them', () => {
      const subject = withFinalizers(0)
      settleAfter(subject, subject.environment.collector(), 'forced')
      expect(steps(subject)).to.deep.equal(['major', 'note heap', 'minor', 'finalizers', 'sleep 0.5'])
    })

    it('collect again what they dropped, and run those of what that found', () => {
      const subject = withFinalizers(2)
      settleAfter(subject, subject.environment.collector(), 'forced')
      const round = ['major', 'note heap', 'minor', 'finalizers']
      expect(steps(subject)).to.deep.equal([...round, ...round, ...round, 'sleep 0.5'])
    })

    it('end a chain that never ends after four collections', () => {
      const subject = withFinalizers(Infinity)
      settleAfter(subject, subject.environment.collector(), 'forced')
      expect(steps(subject).filter((step) => step === 'major')).to.have.lengthOf(4)
    })

    it('force no collection for them where none is forced', () => {
      for (const [mode, expected] of [
        ['natural', ['minor', 'finalizers', 'sleep 0.5']],
        ['none', ['finalizers', 'sleep 0.5']],
      ] as const) {
        const subject = withFinalizers(Infinity)
        settleAfter(subject, subject.environment.collector(), mode)
        expect(steps(subject)).to.deep.equal(expected)
      }
    })

    it('run those that wait already before the first read', () => {
      const subject = withFinalizers(0)
      settleBefore(subject, subject.environment.collector(), 'none')
      expect(steps(subject)).to.deep.equal(['finalizers', 'sleep 0.5'])
    })
  })

  it('count what the collections take', () => {
    const environment = fakeEnvironment((kind) => (environment.clockMs += kind === 'major' ? 100 : 10))
    const subject = { ...tools(() => 0), environment }
    expect(settleAfter(subject, environment.collector(), 'forced').durationMs).to.equal(110.5)
  })

  it('let a failure of the collector through', () => {
    const environment = fakeEnvironment(() => {
      throw new Error('out of memory')
    })
    const subject = { ...tools(() => 0), environment }
    expect(() => settleAfter(subject, environment.collector(), 'forced')).to.throw('out of memory')
  })
})
