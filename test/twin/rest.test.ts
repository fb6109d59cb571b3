import { expect } from 'chai'
import type { ForkedTwin } from '../../src/allocator/port.js'
import { createSampler } from '../../src/measure/sample.js'
import { ThreadWatch } from '../../src/measure/threads.js'
import type { Instrument } from '../../src/measure/window.js'
import { forkAtRest } from '../../src/twin/rest.js'
import type { RestKind } from '../../src/twin/rest.js'
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

function scene(atWork: (elapsedMs: number) => number, fork: () => ForkedTwin = () => FORKED): Scene {
  const fake = fakeEnvironment()
  const { log } = fake
  const startMs = fake.clockMs
  const hold = (what: string) => (): (() => void) => {
    log.push(`hold ${what}`)
    return () => log.push(`free ${what}`)
  }
  const environment: FakeEnvironment = Object.assign(fake, {
    rest: (ms: number) => {
      fake.clockMs += Math.max(ms, REST_MS)
      return Promise.resolve()
    },
    holdSweepers: hold('sweepers'),
    holdBufferSweeper: hold('buffers'),
    holdMarking: hold('marking'),
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
  const SWEPT = ['hold marking', 'major', 'hold buffers', 'minor', 'fork', 'free buffers', 'free marking']
  const SWEEPING = ['hold sweepers', 'hold buffers', 'major', 'minor', 'fork', 'free buffers', 'free sweepers']

  it('collects in one turn and forks in another, and no marking can begin in between', async () => {
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
    expect(log).to.deep.equal(['hold marking', 'major', 'free marking', ...SWEEPING])
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
    })
  }
})
