import { expect } from 'chai'
import type { Coordinator, ReleaseContext, AttributionReport } from '../../src/index.js'
import { MIB, World, rejectionOf, remainderOf, rowOf, turn, turns, warningsOf } from './world.js'

/** The value that is thrown or rejected with, and the words of its row. */
const THROWN: readonly [what: string, value: () => unknown, message: RegExp][] = [
  ['an Error', () => new Error('no such table'), /^no such table$/],
  ['a string', () => 'gave up', /^gave up$/],
  ['undefined', () => undefined, /^undefined was thrown, which is not an Error$/],
  ['null', () => null, /^null was thrown/],
  ['a symbol', () => Symbol('why'), /^Symbol\(why\) \(symbol\) was thrown/],
  ['a bigint', () => 5n, /^5 \(bigint\) was thrown/],
  ['an object without a prototype', () => Object.create(null) as unknown, /^an object was thrown/],
  ['an error whose message cannot be read', () => unreadable(new Error('x')), /cannot be shown|not an Error/],
  ['an error whose message is no string', () => Object.assign(new Error('x'), { message: { a: 1 } }), /^an object$/],
  ['a revoked proxy', revoked, /^something that cannot be shown was thrown$/],
  ['a proxy that throws from every trap', trapped, /^something that cannot be shown was thrown$/],
  ['an error with a text of ten megabytes', () => new Error('x'.repeat(10_000_000)), /^x+$/],
]

function unreadable(error: Error): unknown {
  return Object.defineProperty(error, 'message', {
    get() {
      throw new Error('not for you')
    },
  })
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function trapped(): unknown {
  const trap = (): never => {
    throw new Error('a trap')
  }
  return new Proxy({}, { get: trap, getPrototypeOf: trap, has: trap, ownKeys: trap })
}

/** A returned value that is, or only looks like, a promise; the outcome of its row. */
const THENABLES: readonly [what: string, value: () => unknown, status: string, message?: RegExp][] = [
  [
    'a thenable that calls back twice',
    () => ({
      then: (done: () => void) => {
        done()
        done()
      },
    }),
    'released',
  ],
  [
    'a thenable that calls back and then throws',
    () => ({
      then: (done: () => void) => {
        done()
        throw new Error('too late')
      },
    }),
    'released',
  ],
  [
    'a thenable that throws',
    () => ({
      then: () => {
        throw new Error('not today')
      },
    }),
    'failed',
    /^not today$/,
  ],
  [
    'an object whose then cannot be read',
    () => ({
      get then(): unknown {
        throw new Error('no look')
      },
    }),
    'failed',
    /^no look$/,
  ],
  ['an object whose then is no function', () => ({ then: 5 }), 'released'],
  ['a function with a then', () => Object.assign(() => undefined, { then: (done: () => void) => done() }), 'released'],
  ['a thenable that resolves with itself', itself, 'failed', /resolves with itself/],
  [
    'a thenable of a thenable',
    () => ({ then: (done: (value: unknown) => void) => done(Promise.resolve()) }),
    'released',
  ],
  [
    'a promise of a rejection',
    () => Promise.resolve().then(() => Promise.reject(new Error('deep'))),
    'failed',
    /^deep$/,
  ],
  ['a revoked proxy', revoked, 'failed', /revoked/],
  ['a generator', () => (function* () {})(), 'released'],
  ['a number', () => 42, 'released'],
  ['an error', () => new Error('returned, not thrown'), 'released'],
]

function itself(): unknown {
  const thenable = { then: (done: (value: unknown) => void) => done(thenable) }
  return thenable
}

describe('a release that misbehaves', () => {
  let world: World
  let coordinator: Coordinator
  beforeEach(() => {
    world = new World()
    coordinator = world.coordinator({ releaseTimeoutMs: 20 })
  })

  /** The run with `release` between two honest caches, whose rows must be right. */
  async function runBetweenOthers(release: (context: ReleaseContext) => unknown): Promise<AttributionReport> {
    coordinator.register('first', world.cache('first', { allocated: 3 * MIB, heap: 5 }))
    coordinator.register('bad', { release })
    coordinator.register('last', world.cache('last', { allocated: 7 * MIB, heap: 9 }))
    const report = await coordinator.attribute()
    expect(rowOf(report, 'first').released).to.include({ allocatedBytes: 3 * MIB, heapBytes: 5, mappedBytes: null })
    expect(rowOf(report, 'last').released).to.include({ allocatedBytes: 7 * MIB, heapBytes: 9, mappedBytes: null })
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
    expect(() => JSON.stringify(report)).not.to.throw()
    return report
  }

  for (const [what, value, message] of THROWN) {
    it(`costs its own row only when it throws ${what}`, async () => {
      const row = rowOf(
        await runBetweenOthers(() => {
          throw value()
        }),
        'bad',
      )
      expect(row.status).to.equal('failed')
      expect(row.error?.code).to.equal('ERR_RELEASE_FAILED')
      expect(row.error?.message).to.match(message)
      expect(row.window).to.equal('atomic')
    })

    it(`costs its own row only when it rejects in a later turn with ${what}`, async () => {
      const row = rowOf(
        await runBetweenOthers(async () => {
          await turn()
          throw value()
        }),
        'bad',
      )
      expect(row).to.include({ status: 'failed', window: 'drift-corrected' })
      expect(row.error?.message).to.match(message)
    })
  }

  for (const [what, value, status, message] of THENABLES) {
    it(`is understood when it returns ${what}`, async () => {
      const row = rowOf(await runBetweenOthers(value), 'bad')
      expect(row).to.include({ status, window: 'atomic' })
      if (message === undefined) expect(row).not.to.have.property('error')
      else expect(row.error?.message).to.match(message)
    })
  }

  it('is read in the same turn when it needs only microtasks', async () => {
    const slow = world.cache('slow', { allocated: 5 * MIB })
    const row = rowOf(
      await runBetweenOthers(async () => {
        await Promise.resolve()
        await Promise.resolve()
        slow.drop()
      }),
      'bad',
    )
    expect(row).to.include({ window: 'atomic', status: 'released' })
    expect(row.released.allocatedBytes).to.equal(5 * MIB)
  })

  it('is measured over several turns when it needs them', async () => {
    const slow = world.cache('slow', { allocated: 5 * MIB })
    const row = rowOf(
      await runBetweenOthers(async () => {
        await turn()
        slow.drop()
      }),
      'bad',
    )
    expect(row).to.include({ window: 'drift-corrected', status: 'released' })
    expect(row.released.allocatedBytes).to.equal(5 * MIB)
    expect(row.firstTurn?.allocatedBytes).to.equal(0)
  })

  it('shows the entries that are left when it has ended, not those after its first turn', async () => {
    const slow = world.cache('slow', { allocated: 5 * MIB }, 40)
    coordinator.register('slow', {
      release: async () => {
        await turn()
        slow.drop()
      },
      entries: () => slow.entryCount,
    })
    const report = await coordinator.attribute()
    expect(rowOf(report, 'slow')).to.include({ entriesBefore: 40, entriesAfter: 0 })
    expect(warningsOf(report)).to.deep.equal([])
  })

  it('is timed out when it hangs, and told through its signal', async () => {
    let signal: AbortSignal | undefined
    const row = rowOf(
      await runBetweenOthers((context) => {
        signal = context.signal
        return new Promise(() => undefined)
      }),
      'bad',
    )
    expect(row.status).to.equal('timed-out')
    expect(row.error).to.deep.equal({ code: 'ERR_RELEASE_TIMEOUT', message: 'it did not finish within 20 ms' })
    expect(signal?.aborted).to.equal(true)
  })

  it('keeps its signal unaborted when it ends in time', async () => {
    const signals: AbortSignal[] = []
    coordinator.register('sync', { release: ({ signal }) => signals.push(signal) })
    coordinator.register('async', {
      release: async ({ signal }) => {
        signals.push(signal)
        await turn()
      },
    })
    await coordinator.attribute()
    await turns(3)
    expect(signals.map(({ aborted }) => aborted)).to.deep.equal([false, false])
  })

  it('changes nothing any more when it resolves after its deadline', async () => {
    let finish = (): void => undefined
    const report = await runBetweenOthers(() => new Promise<void>((resolve) => (finish = resolve)))
    const asReported = JSON.stringify(report)
    finish()
    await turns(3)
    expect(JSON.stringify(report)).to.equal(asReported)
    expect(rowOf(report, 'bad').status).to.equal('timed-out')
  })

  it('leaves no unhandled rejection when it rejects after its deadline', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', note)
    try {
      let fail = (_error: Error): void => undefined
      await runBetweenOthers(() => new Promise((_, reject) => (fail = reject)))
      fail(new Error('too late'))
      await turns(5)
    } finally {
      process.off('unhandledRejection', note)
    }
    expect(unhandled).to.deep.equal([])
  })

  it('is refused when it calls attribute() synchronously', async () => {
    let refusal: Promise<unknown> = Promise.resolve()
    await runBetweenOthers(() => {
      refusal = rejectionOf(coordinator.attribute())
    })
    expect(await refusal).to.have.property('code', 'ERR_RUN_REENTRANT')
  })

  it('costs its own row only when it awaits attribute() first thing', async () => {
    const row = rowOf(await runBetweenOthers(() => coordinator.attribute()), 'bad')
    expect(row.status).to.equal('failed')
    expect(row.error?.message).to.match(/^ERR_RUN_REENTRANT: /)
  })

  it('waits for itself until its deadline, and no longer, when it awaits an identical attribute() later', async () => {
    let joined: Promise<unknown> | undefined
    const report = await runBetweenOthers(async () => {
      await turn()
      joined = coordinator.attribute()
      await joined
    })
    expect(rowOf(report, 'bad').status).to.equal('timed-out')
    expect(await joined).to.equal(report)
  })

  it('is refused when it asks for a different run later', async () => {
    const report = await runBetweenOthers(async () => {
      await turn()
      await coordinator.attribute({ controls: 7 })
    })
    expect(rowOf(report, 'bad').error?.message).to.match(/^ERR_RUN_IN_PROGRESS: run [-0-9a-f]{36} with other options/)
  })

  it('may register a cache, which the run under way does not take up', async () => {
    const report = await runBetweenOthers(() => {
      coordinator.register('new', { release: () => undefined })
    })
    expect(report.caches.map(({ name }) => name)).to.deep.equal(['first', 'bad', 'last'])
    expect(coordinator.names).to.deep.equal(['first', 'bad', 'last', 'new'])
  })

  it('may unregister itself and still has its row', async () => {
    const slow = world.cache('slow', { allocated: MIB })
    const registration = coordinator.register('self', {
      release: () => {
        registration.unregister()
        slow.drop()
      },
    })
    const row = rowOf(await coordinator.attribute(), 'self')
    expect(row.status).to.equal('released')
    expect(row.released.allocatedBytes).to.equal(MIB)
    expect(coordinator.names).to.deep.equal([])
  })

  for (const budget of [{}, { pauseMs: 1000 }]) {
    it(`may unregister a later cache, which is then not released (${JSON.stringify(budget)})`, async () => {
      const later = world.cache('later', { allocated: MIB })
      coordinator.register('early', { release: () => later_.unregister() })
      const later_ = coordinator.register('later', later)
      coordinator.register('last', world.cache('last', { allocated: 2 * MIB }))
      const report = await coordinator.attribute({ budget })
      expect(rowOf(report, 'later')).to.deep.include({
        status: 'skipped',
        error: { code: 'ERR_RELEASE_UNREGISTERED', message: 'it was unregistered during the run' },
        released: { allocatedBytes: null, heapBytes: null, mappedBytes: null, totalBytes: null },
      })
      expect(later.releases).to.equal(0)
      expect(rowOf(report, 'last').released.allocatedBytes).to.equal(2 * MIB)
    })
  }

  it('does not release a cache that was unregistered while the loop turned before its window', async () => {
    const later = world.cache('later', { allocated: MIB })
    coordinator.register('early', { release: () => undefined })
    const registration = coordinator.register('later', later)
    coordinator.once('cache-released', () => {
      world.whileResting = () => registration.unregister()
    })
    const report = await coordinator.attribute()
    expect(rowOf(report, 'later').error?.code).to.equal('ERR_RELEASE_UNREGISTERED')
    expect(later.releases).to.equal(0)
  })

  it('may replace a later cache by another of the same name, which the run does not touch', async () => {
    const old = world.cache('later', { allocated: MIB })
    const replacement = world.cache('replacement', { allocated: MIB })
    coordinator.register('early', {
      release: () => {
        registration.unregister()
        coordinator.register('later', replacement)
      },
    })
    const registration = coordinator.register('later', old)
    const report = await coordinator.attribute()
    expect(rowOf(report, 'later').status).to.equal('skipped')
    expect([old.releases, replacement.releases]).to.deep.equal([0, 0])
  })

  it('may close the coordinator: the run ends with what it has, the rest is skipped', async () => {
    const last = world.cache('last', { allocated: MIB })
    let closed: Promise<void> | undefined
    coordinator.register('bad', {
      release: () => {
        closed = coordinator.close()
      },
    })
    coordinator.register('last', last)
    const error = await rejectionOf(coordinator.attribute())
    await closed
    expect(error).to.have.property('code', 'ERR_RUN_ABORTED')
    const { report } = error as { report: AttributionReport }
    expect(report.caches.map(({ name, status }) => [name, status])).to.deep.equal([
      ['bad', 'released'],
      ['last', 'skipped'],
    ])
    expect(last.releases).to.equal(0)
  })

  it('does not wait for itself for ever when it awaits close()', async () => {
    coordinator.register('bad', {
      release: async () => {
        await turn()
        await coordinator.close()
      },
    })
    const { report } = (await rejectionOf(coordinator.attribute())) as { report: AttributionReport }
    expect(rowOf(report, 'bad')).to.deep.include({ status: 'timed-out' })
    expect(rowOf(report, 'bad').error?.code).to.equal('ERR_RUN_ABORTED')
  })

  it('may emit events, to itself or to others', async () => {
    await runBetweenOthers(() => {
      coordinator.emit('warning', { code: 'WARN_LISTENER', message: 'from inside' })
      coordinator.removeAllListeners()
    })
  })

  it('cannot harm what is measured by changing its context', async () => {
    const row = rowOf(
      await runBetweenOthers((context) => {
        Object.assign(context, { mode: 'trim', signal: null })
      }),
      'bad',
    )
    expect(row.status).to.equal('released')
  })

  it('is called with its object as this', async () => {
    class Cache {
      #entries = 3
      release(): void {
        this.#entries = 0
      }
      entries(): number {
        return this.#entries
      }
      claimedBytes(): number {
        return this.#entries * 8
      }
    }
    coordinator.register('cache', new Cache())
    expect(rowOf(await coordinator.attribute(), 'cache')).to.include({
      status: 'released',
      entriesBefore: 3,
      entriesAfter: 0,
      claimedBytes: 24,
    })
  })

  it('may leave entries behind, and its row says so', async () => {
    coordinator.register('half', { release: () => undefined, entries: () => 5 })
    const report = await coordinator.attribute()
    expect(report.warnings).to.deep.equal([
      { code: 'WARN_NOT_EMPTY', message: '"half" still counts 5 entries after its release', cache: 'half' },
    ])
  })
})

describe('a release that touches others', () => {
  let world: World
  let coordinator: Coordinator
  beforeEach(() => {
    world = new World()
    coordinator = world.coordinator()
  })

  for (const budget of [{}, { pauseMs: 1000 }]) {
    it(`is told from a large cache when it empties another (${JSON.stringify(budget)})`, async () => {
      const [a, b] = [world.cache('a', { allocated: MIB }), world.cache('b', { allocated: 4 * MIB })]
      coordinator.register('a', {
        release: () => {
          a.drop()
          b.drop()
        },
        entries: () => a.entryCount,
      })
      coordinator.register('b', b)
      coordinator.register('c', world.cache('c', { allocated: 2 * MIB }))
      const report = await coordinator.attribute({ budget })
      expect(report.warnings).to.deep.equal([
        {
          code: 'WARN_RELEASED_OTHER',
          message: 'the release of "a" emptied "b" too: the row holds both',
          caches: ['a', 'b'],
          cache: 'a',
        },
      ])
      expect(report.caches.map(({ released }) => released.allocatedBytes)).to.deep.equal([5 * MIB, 0, 2 * MIB])
    })
  }

  it('is noticed as well when the other is not part of the run', async () => {
    const b = world.cache('b', { allocated: 4 * MIB })
    coordinator.register('a', { release: () => b.drop() })
    coordinator.register('b', b)
    expect(warningsOf(await coordinator.attribute({ only: ['a'] }))).to.deep.equal(['WARN_RELEASED_OTHER'])
  })

  it('is told apart from a cache that the service emptied itself', async () => {
    const b = world.cache('b', { allocated: 4 * MIB })
    coordinator.register('a', world.cache('a', { allocated: MIB }))
    coordinator.register('b', b)
    coordinator.once('cache-released', () => {
      b.drop()
    })
    const report = await coordinator.attribute()
    expect(report.warnings).to.deep.equal([
      {
        code: 'WARN_RELEASED_ELSEWHERE',
        message: '"b" was emptied during the run before its own release',
        cache: 'b',
      },
    ])
    expect(remainderOf(report)).to.deep.equal({ allocated: 0, heap: 0 })
  })

  it('goes to the first of two names of one object, and both the registration and the run warn', async () => {
    const received: string[] = []
    coordinator.on('warning', ({ message }) => received.push(message))
    const cache = world.cache('cache', { allocated: MIB })
    coordinator.register('here', cache)
    coordinator.register('there', cache)
    expect(received).to.deep.equal([
      '"here" and "there" are the same object: the first one released gets all its memory',
    ])
    const report = await coordinator.attribute()
    expect(warningsOf(report)).to.deep.equal(['WARN_ALIASED', 'WARN_RELEASED_OTHER'])
    expect(report.caches.map(({ released }) => released.allocatedBytes)).to.deep.equal([MIB, 0])
  })

  it('stops warning of two names when one of them is gone', async () => {
    const cache = world.cache('cache', { allocated: MIB })
    coordinator.register('here', cache)
    coordinator.register('there', cache).unregister()
    expect(warningsOf(await coordinator.attribute())).to.deep.equal([])
  })
})

describe('entries() and claimedBytes() that misbehave', () => {
  const ANSWERS: readonly [what: string, method: () => unknown, problem: RegExp][] = [
    ['NaN', () => NaN, /returned NaN \(number\)/],
    ['a negative number', () => -1, /returned -1 \(number\)/],
    ['Infinity', () => Infinity, /returned Infinity \(number\)/],
    ['a string', () => '12', /returned "12" \(string\)/],
    ['a bigint', () => 12n, /returned 12 \(bigint\)/],
    ['undefined', () => undefined, /returned undefined/],
    ['a promise', async () => 12, /returned an object/],
    ['a promise that rejects', () => Promise.reject(new Error('late')), /returned an object/],
    ['a revoked proxy', revoked, /returned an object/],
    [
      'an exception',
      () => {
        throw new Error('not now')
      },
      /threw: not now/,
    ],
  ]
  for (const [what, method, problem] of ANSWERS) {
    for (const name of ['entries', 'claimedBytes'] as const) {
      it(`are unknown, with one warning, when ${name}() gives ${what}`, async () => {
        const unhandled: unknown[] = []
        const note = (error: unknown): void => void unhandled.push(error)
        process.on('unhandledRejection', note)
        const world = new World()
        const coordinator = world.coordinator()
        const cache = world.cache('cache', { allocated: MIB })
        coordinator.register('cache', { release: () => cache.drop(), [name]: method })
        const report = await coordinator.attribute()
        const [observed] = coordinator.observe().caches
        await turns(5)
        process.off('unhandledRejection', note)
        expect(rowOf(report, 'cache')).to.include({ entriesBefore: null, entriesAfter: null, claimedBytes: null })
        expect(rowOf(report, 'cache').released.allocatedBytes).to.equal(MIB)
        expect(warningsOf(report)).to.deep.equal(['WARN_CACHE_METHOD'])
        expect(report.warnings[0]?.message)
          .to.match(problem)
          .and.to.match(new RegExp(`^${name}\\(\\) of "cache" `))
        expect(observed).to.include({ entries: null, claimedBytes: null })
        expect(unhandled).to.deep.equal([])
      })
    }
  }
})
