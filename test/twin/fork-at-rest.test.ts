import { expect } from 'chai'
import type { ForkedTwin } from '../helpers/internals/allocator.js'
import { createSampler, ThreadWatch } from '../helpers/internals/measure.js'
import type { Instrument } from '../helpers/internals/measure.js'
import { forkAtRest } from '../helpers/internals/twin.js'
import type { ForkTools, ForkKind } from '../helpers/internals/twin.js'
import type { MajorGcState } from '../helpers/internals/support.js'
import { fakeAllocator, fakeEnvironment } from '../measure/fakes.js'
import type { FakeEnvironment } from '../measure/fakes.js'

const FORKED: ForkedTwin = { pid: 1, fd: 1, scanMs: 0, forkMs: 0 }
const POLL_MS = 10

/** The steps of a fork at rest, in their order. */
interface Scene {
  readonly instrument: Instrument
  readonly environment: FakeEnvironment
  readonly tools: ForkTools
}

/** The events meanwhile. */
interface Happening {
  /** How many threads work at a moment of the fake clock. */
  readonly atWork?: (elapsedMs: number) => number
  /** Called before each look at V8, the first of which is 1. */
  readonly onPoll?: (poll: number, v8: FakeV8) => void
  /** How long ago V8 ended its last major GC, where that is known from the start. */
  readonly sinceMs?: number
  readonly fork?: ForkTools['fork']
}

/** V8 as its notices tell it. */
class FakeV8 {
  isMarking = false
  notices = 0
  endedMs: number | null = null
  readonly #environment: FakeEnvironment

  constructor(environment: FakeEnvironment) {
    this.#environment = environment
  }

  beginMarking(): void {
    this.isMarking = true
    this.notices++
  }

  endMajorGc(): void {
    this.isMarking = false
    this.notices++
    this.endedMs = this.#environment.clockMs
  }

  state(): MajorGcState {
    const { isMarking, notices, endedMs } = this
    return { isMarking, notices, sinceMs: endedMs === null ? null : this.#environment.clockMs - endedMs }
  }
}

function scene({ atWork = () => 0, onPoll, sinceMs, fork = () => FORKED }: Happening = {}): Scene {
  const environment = fakeEnvironment()
  const { log } = environment
  const startMs = environment.clockMs
  const fakeV8 = new FakeV8(environment)
  if (sinceMs !== undefined) fakeV8.endedMs = startMs - sinceMs
  const hold = (what: string) => (): (() => void) => {
    log.push(`hold ${what}`)
    return () => log.push(`free ${what}`)
  }
  Object.assign(environment, {
    yieldToLoop: (ms: number) => {
      environment.clockMs += Math.max(ms, POLL_MS)
      return Promise.resolve()
    },
    holdSweepers: hold('sweepers'),
    holdBufferSweeper: hold('buffers'),
  })
  const collector = environment.collector()
  const threads = new ThreadWatch((ids) => {
    const count = atWork(environment.clockMs - startMs)
    for (let index = 0; index < count; index++) ids[index] = index + 1
    return count
  })
  const allocator = fakeAllocator(() => ({ rawAllocated: 1000 }))
  let polls = 0
  return {
    instrument: {
      environment,
      sampler: createSampler(allocator, environment),
      collector: {
        ...collector,
        major: () => {
          collector.major()
          fakeV8.endMajorGc()
        },
      },
      threads,
    },
    environment,
    tools: {
      majorGcs: () => {
        onPoll?.(++polls, fakeV8)
        return fakeV8.state()
      },
      openHeap: () => log.push('open heap'),
      closeHeap: () => log.push('close heap'),
      fork: (isStillQuiescent) => {
        log.push('fork')
        return fork(isStillQuiescent)
      },
    },
  }
}

async function run(kind: ForkKind, { instrument, environment, tools }: Scene): Promise<string[]> {
  await forkAtRest(instrument, kind, tools)
  return environment.log.filter((line) => !line.startsWith('sleep'))
}

/** How often it stands still, and how often for a major GC. */
async function costOf({ instrument, tools }: Scene): Promise<{ pauses: number; majorGcs: number }> {
  const { pausesMs, majorGcs } = await forkAtRest(instrument, 'swept', tools)
  return { pauses: pausesMs.length, majorGcs }
}

/** Does something at one look. */
function atPoll(number: number, work: (v8: FakeV8) => void): Pick<Happening, 'onPoll'> {
  return {
    onPoll: (poll, v8) => {
      if (poll === number) work(v8)
    },
  }
}

function withThreads(staged: Scene, source: (ids: Int32Array) => number): Scene {
  return { ...staged, instrument: { ...staged.instrument, threads: new ThreadWatch(source) } }
}

describe('forkAtRest()', () => {
  const FORK_STEPS = ['open heap', 'hold buffers', 'minor', 'minor', 'fork', 'free buffers', 'close heap']
  const SWEPT = ['major', ...FORK_STEPS]
  const SWEEPING = ['hold sweepers', 'hold buffers', 'major', 'minor', 'minor', 'fork', 'free buffers', 'free sweepers']

  it('collects in one turn and forks in another where nothing is known of V8', async () => {
    expect(await run('swept', scene())).to.deep.equal(SWEPT)
  })

  it('tells the pause of each turn: the collection, opening the heap, the fork, closing it', async () => {
    expect(await costOf(scene())).to.deep.equal({ pauses: 4, majorGcs: 1 })
  })

  it('makes no major GC where V8 is known to be between two of its own, and has no pause for it', async () => {
    expect(await run('swept', scene({ sinceMs: 0 }))).to.deep.equal(FORK_STEPS)
    expect(await costOf(scene({ sinceMs: 0 }))).to.deep.equal({ pauses: 3, majorGcs: 0 })
  })

  it('makes it after all where V8 marks', async () => {
    const marking = atPoll(1, (v8) => {
      v8.beginMarking()
    })
    expect(await run('swept', scene({ sinceMs: 0, ...marking }))).to.deep.equal(SWEPT)
  })

  it('waits for threads that sweep before it asks for the minor GC', async () => {
    const staged = scene({ atWork: (elapsedMs) => (elapsedMs < 150 ? 2 : 0) })
    expect(await run('swept', staged)).to.deep.equal(SWEPT)
    expect(staged.environment.clockMs).to.be.at.least(1150)
  })

  it('passes a thread over that never rests, a busy worker of the service', async () => {
    expect(await run('swept', scene({ atWork: () => 1 }))).to.deep.equal(SWEPT)
  })

  for (const { sinceMs, waitsMs } of [
    { sinceMs: 100, waitsMs: 1500 },
    { sinceMs: 60_000, waitsMs: 200 },
  ]) {
    it(`takes a thread for a sweeping one, or for a busy one, ${String(sinceMs)} ms after a major GC of a gigabyte`, async () => {
      const staged = scene({ sinceMs, atWork: (elapsedMs) => (elapsedMs < 1500 ? 1 : 0) })
      staged.environment.heapBytes = 1e9
      const startMs = staged.environment.clockMs
      expect(await run('swept', staged)).to.deep.equal(FORK_STEPS)
      expect(staged.environment.clockMs - startMs).to.be.within(waitsMs, waitsMs + 300)
    })
  }

  it('does all in one turn with sweeping on this thread where threads come and go', async () => {
    // Another one at every look, so that none is passed over, and never none.
    let polls = 0
    const staged = withThreads(scene(), (ids) => {
      ids[0] = ++polls
      return 1
    })
    expect(await run('swept', staged)).to.deep.equal(['major', ...SWEEPING])
  })

  it('ends a marking that V8 has begun meanwhile before it forks', async () => {
    const marking = atPoll(3, (v8) => {
      v8.beginMarking()
    })
    expect(await run('swept', scene(marking))).to.deep.equal(['major', 'major', ...FORK_STEPS])
  })

  it('waits again where V8 has made a major GC of its own since, and sweeps', async () => {
    const staged = scene(
      atPoll(3, (v8) => {
        v8.endMajorGc()
      }),
    )
    expect(await run('swept', staged)).to.deep.equal(SWEPT)
    expect(staged.environment.clockMs).to.be.at.least(1050)
  })

  it('waits for the sweeping after a major GC that V8 made while it waited', async () => {
    const staged: Scene = scene({
      sinceMs: 60_000,
      atWork: (elapsedMs) => (elapsedMs < 1500 ? 1 : 0),
      onPoll: (_poll, v8) => {
        if (v8.notices === 0 && staged.environment.clockMs >= 1100) v8.endMajorGc()
      },
    })
    staged.environment.heapBytes = 1e9
    expect(await run('swept', staged)).to.deep.equal(FORK_STEPS)
    expect(staged.environment.clockMs).to.be.at.least(2500)
  })

  it('forks where a thread of the service works at that moment, once none did', async () => {
    // A thread of the pool: at work in the turn of the fork, and no longer at the drain's second look.
    let polls = 0
    const staged = withThreads(scene(), (ids) => {
      ids[0] = 7
      return ++polls === 2 ? 1 : 0
    })
    expect(await run('swept', staged)).to.deep.equal(SWEPT)
  })

  it('forks at no marking that the minor GC made V8 begin', async () => {
    const marking = atPoll(5, (v8) => {
      v8.beginMarking()
    })
    expect(await run('swept', scene(marking))).to.deep.equal([
      ...['major', 'open heap', 'hold buffers', 'minor', 'minor', 'free buffers', 'close heap'],
      ...['major', ...FORK_STEPS],
    ])
  })

  it('ends a marking that V8 has begun while its heap was opened, and closes it', async () => {
    const marking = atPoll(4, (v8) => {
      v8.beginMarking()
    })
    expect(await run('swept', scene(marking))).to.deep.equal([
      ...['major', 'open heap', 'major', 'close heap'],
      ...FORK_STEPS,
    ])
  })

  it('waits for threads that the service has set to work while the heap was opened', async () => {
    let openedMs = Infinity
    let forkedMs = NaN
    const staged: Scene = scene({
      sinceMs: 0,
      atWork: () => (staged.environment.clockMs >= openedMs && staged.environment.clockMs < openedMs + 150 ? 1 : 0),
      fork: () => {
        forkedMs = staged.environment.clockMs
        return FORKED
      },
    })
    const openHeap = (): void => {
      openedMs = staged.environment.clockMs
    }
    await run('swept', { ...staged, tools: { ...staged.tools, openHeap } })
    expect(forkedMs - openedMs).to.be.at.least(150)
  })

  it('does not wait for the threads that mark, nor passes them over', async () => {
    // Marking from the second look to the collection that ends it, with one thread that sweeps for a while afterwards.
    let marks = false
    const staged: Scene = scene({
      atWork: (elapsedMs) => (marks || elapsedMs < 150 ? 1 : 0),
      onPoll: (poll, v8) => {
        if (poll === 2) v8.beginMarking()
        marks = v8.isMarking
      },
    })
    expect(await run('swept', staged)).to.deep.equal(['major', 'major', ...FORK_STEPS])
    expect(staged.environment.clockMs).to.be.at.least(1150)
  })

  it('does all in one turn where V8 marks again and again', async () => {
    const staged = scene({
      onPoll: (_poll, v8) => {
        v8.beginMarking()
      },
    })
    expect(await run('swept', staged)).to.deep.equal(['major', 'major', 'major', 'major', ...SWEEPING])
  })

  it('does all in one turn where it is asked to', async () => {
    expect(await run('sweeping', scene())).to.deep.equal(SWEEPING)
  })

  for (const kind of ['swept', 'sweeping'] as const) {
    it(`lets the child know whether V8 has begun anything at the very last (${kind})`, async () => {
      let last: FakeV8 | undefined
      const answers: boolean[] = []
      const staged = scene({
        onPoll: (_poll, v8) => {
          last = v8
        },
        fork: (isStillQuiescent) => {
          answers.push(isStillQuiescent())
          last?.beginMarking()
          answers.push(isStillQuiescent())
          return FORKED
        },
      })
      await run(kind, staged)
      expect(answers).to.deep.equal([true, false])
    })

    it(`sets everything back where the fork is refused (${kind})`, async () => {
      const staged = scene({
        fork: () => {
          throw new Error('refused')
        },
      })
      const error: unknown = await run(kind, staged).catch((thrown: unknown) => thrown)
      expect(error).to.have.property('message', 'refused')
      const { log } = staged.environment
      const after = (word: string): string[] =>
        log.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length))
      expect(after('free')).to.have.members(after('hold'))
      expect(after('close')).to.have.members(after('open'))
    })
  }
})
