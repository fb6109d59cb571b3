import { expect } from 'chai'
import type { ForkedTwin } from '../../src/allocator/port.js'
import { createSampler } from '../../src/measure/sample.js'
import { ThreadWatch } from '../../src/measure/threads.js'
import type { Instrument } from '../../src/measure/window.js'
import { forkAtRest } from '../../src/twin/rest.js'
import type { RestKind } from '../../src/twin/rest.js'
import type { MajorGcProgress, MajorGcWatch } from '../../src/support/major-gc.js'
import { fakeAllocator, fakeEnvironment } from '../measure/fakes.js'
import type { FakeEnvironment } from '../measure/fakes.js'

const FORKED: ForkedTwin = { pid: 1, fd: 1, scanMs: 0, forkMs: 0, ranges: 0, rangesBytes: 0 }
const REST_MS = 10

/** What a fork at rest does, in its order; `atWork` says how many threads work at a moment of the fake clock. */
interface Scene {
  readonly instrument: Instrument
  readonly environment: FakeEnvironment
  readonly fork: () => ForkedTwin
}

function scene(
  atWork: (elapsedMs: number) => number,
  fork: () => ForkedTwin = () => FORKED,
  progress: (looks: number) => MajorGcProgress = () => 'none',
  /** Milliseconds since a major GC of V8's own; null where none is known. */
  sinceMs: number | null = null,
): Scene {
  const fake = fakeEnvironment()
  const { log } = fake
  const startMs = fake.clockMs
  const hold = (what: string) => (): (() => void) => {
    log.push(`hold ${what}`)
    return () => log.push(`free ${what}`)
  }
  const watchMajorGc = (): MajorGcWatch => {
    log.push('watch')
    let looks = 0
    return { look: () => progress(++looks), end: () => void log.push('watched') }
  }
  const environment: FakeEnvironment = Object.assign(fake, {
    rest: (ms: number) => {
      fake.clockMs += Math.max(ms, REST_MS)
      return Promise.resolve()
    },
    holdSweepers: hold('sweepers'),
    holdBufferSweeper: hold('buffers'),
    watchMajorGc,
    watchBetweenMajorGcs: () => Promise.resolve(sinceMs === null ? null : { sinceMs, watch: watchMajorGc() }),
  })
  const threads = new ThreadWatch((ids) => {
    const count = atWork(environment.clockMs - startMs)
    for (let index = 0; index < count; index++) ids[index] = index + 1
    return count
  })
  const allocator = fakeAllocator(() => ({ rawAllocated: 1000 }))
  return {
    instrument: {
      environment,
      sampler: createSampler(allocator, environment),
      collector: environment.collector(),
      threads,
    },
    environment,
    fork: () => {
      log.push('fork')
      return fork()
    },
  }
}

async function run(kind: RestKind, { instrument, environment, fork }: Scene): Promise<string[]> {
  await forkAtRest(instrument, kind, fork)
  return environment.log.filter((line) => !line.startsWith('sleep'))
}

describe('forkAtRest()', () => {
  const REST = ['hold buffers', 'minor', 'fork', 'free buffers', 'watched']
  const SWEPT = ['major', 'watch', ...REST]
  const SWEEPING = [
    'hold sweepers',
    'hold buffers',
    'major',
    'watch',
    'minor',
    'fork',
    'watched',
    'free buffers',
    'free sweepers',
  ]

  it('collects in one turn and forks in another', async () => {
    expect(
      await run(
        'swept',
        scene(() => 0),
      ),
    ).to.deep.equal(SWEPT)
  })

  it('tells the pause of either turn', async () => {
    const { instrument, fork } = scene(() => 0)
    expect((await forkAtRest(instrument, 'swept', fork)).pausesMs).to.have.length(2)
  })

  it('makes no major GC where V8 is known to be between two of its own', async () => {
    const staged = scene(
      () => 0,
      () => FORKED,
      () => 'none',
      0,
    )
    expect(await run('swept', staged)).to.deep.equal(['watch', ...REST])
  })

  it('tells the one pause that is left then', async () => {
    const { instrument, fork } = scene(
      () => 0,
      () => FORKED,
      () => 'none',
      0,
    )
    expect((await forkAtRest(instrument, 'swept', fork)).pausesMs).to.have.length(1)
  })

  for (const { sinceMs, waitsMs } of [
    { sinceMs: 100, waitsMs: 3000 },
    { sinceMs: 60_000, waitsMs: 200 },
  ]) {
    it(`takes a thread for a sweeping one for as long as it may be, ${String(sinceMs)} ms after such a major GC`, async () => {
      const staged = scene(
        (elapsedMs) => (elapsedMs < 3000 ? 1 : 0),
        () => FORKED,
        () => 'none',
        sinceMs,
      )
      Object.assign(staged.environment.processFigures, { heapTotalBytes: 1e9 })
      const startMs = staged.environment.clockMs
      expect(await run('swept', staged)).to.deep.equal(['watch', ...REST])
      expect(staged.environment.clockMs - startMs).to.be.within(waitsMs, waitsMs + 300)
    })
  }

  it('makes the major GC after all where V8 has begun to mark since', async () => {
    const staged = scene(
      () => 0,
      () => FORKED,
      (looks) => (looks === 1 ? 'marking' : 'none'),
      0,
    )
    expect(await run('swept', staged)).to.deep.equal(['watch', 'major', ...REST])
  })

  it('waits for threads that sweep before it asks for the minor GC', async () => {
    const staged = scene((elapsedMs) => (elapsedMs < 150 ? 2 : 0))
    expect(await run('swept', staged)).to.deep.equal(SWEPT)
    expect(staged.environment.clockMs).to.be.at.least(1150)
  })

  it('passes a thread over that never rests, a busy worker of the service', async () => {
    expect(
      await run(
        'swept',
        scene(() => 1),
      ),
    ).to.deep.equal(SWEPT)
  })

  it('does all in one turn with sweeping on this thread where threads come and go', async () => {
    // Another one at every look, so that none is passed over, and never none.
    let looks = 0
    const staged = scene(() => 0)
    const threads = new ThreadWatch((ids) => {
      ids[0] = ++looks
      return 1
    })
    const log = await run('swept', { ...staged, instrument: { ...staged.instrument, threads } })
    expect(log).to.deep.equal(['major', 'watch', 'watched', ...SWEEPING])
  })

  it('ends a marking that V8 has begun meanwhile before it forks', async () => {
    const staged = scene(
      () => 0,
      () => FORKED,
      (looks) => (looks === 1 ? 'marking' : 'none'),
    )
    expect(await run('swept', staged)).to.deep.equal(['major', 'watch', 'major', ...REST])
  })

  it('waits again where V8 has made a major GC of its own since, and sweeps', async () => {
    const staged = scene(
      () => 0,
      () => FORKED,
      (looks) => (looks === 1 ? 'collected' : 'none'),
    )
    expect(await run('swept', staged)).to.deep.equal(['major', 'watch', ...REST])
    expect(staged.environment.clockMs).to.be.at.least(1050)
  })

  it('forks where a thread of the service works at that moment, once none did', async () => {
    // A thread of the pool: at work in the turn of the fork, and no longer at the drain's second look.
    let looks = 0
    const staged = scene(() => 0)
    const threads = new ThreadWatch((ids) => {
      ids[0] = 7
      return ++looks === 2 ? 1 : 0
    })
    const log = await run('swept', { ...staged, instrument: { ...staged.instrument, threads } })
    expect(log).to.deep.equal(SWEPT)
  })

  it('forks at no marking that the minor GC made V8 begin', async () => {
    const staged = scene(
      () => 0,
      () => FORKED,
      (looks) => (looks === 2 ? 'marking' : 'none'),
    )
    expect(await run('swept', staged)).to.deep.equal([
      ...['major', 'watch', 'hold buffers', 'minor', 'free buffers'],
      ...REST,
    ])
  })

  it('does not wait for the threads that mark, nor passes them over', async () => {
    // Marking from the first look to the collection that ends it, with one thread that sweeps for a while afterwards.
    let marks = true
    const staged = scene(
      (elapsedMs) => (marks || elapsedMs < 150 ? 1 : 0),
      () => FORKED,
      () => (marks ? 'marking' : 'none'),
    )
    const { environment, instrument } = staged
    const collector = environment.collector()
    const endsMarking = {
      ...collector,
      major: () => {
        collector.major()
        if (environment.log.filter((line) => line === 'major').length === 2) marks = false
      },
    }
    const log = await run('swept', { ...staged, instrument: { ...instrument, collector: endsMarking } })
    expect(log).to.deep.equal(['major', 'watch', 'major', ...REST])
    expect(environment.clockMs).to.be.at.least(1150)
  })

  it('does all in one turn where V8 marks again and again', async () => {
    const staged = scene(
      () => 0,
      () => FORKED,
      () => 'marking',
    )
    const log = await run('swept', staged)
    expect(log).to.deep.equal(['major', 'watch', 'major', 'major', 'major', 'watched', ...SWEEPING])
  })

  it('does all in one turn where it is asked to', async () => {
    expect(
      await run(
        'sweeping',
        scene(() => 0),
      ),
    ).to.deep.equal(SWEEPING)
  })

  for (const kind of ['swept', 'sweeping'] as const) {
    it(`sets every flag back where the fork is refused (${kind})`, async () => {
      const staged = scene(
        () => 0,
        () => {
          throw new Error('refused')
        },
      )
      const error: unknown = await forkAtRest(staged.instrument, kind, staged.fork).catch((thrown: unknown) => thrown)
      expect(error).to.have.property('message', 'refused')
      const { log } = staged.environment
      const held = (word: string): string[] => log.filter((line) => line.startsWith(word)).map((line) => line.slice(5))
      expect(held('free ')).to.have.members(held('hold '))
      if (kind === 'swept') expect(log.at(-1)).to.equal('watched')
    })
  }
})
