/** Faked timers, promises without end and forged signals: a run ends, and gives its lock back. */
import { expect } from 'chai'
import { Coordinator } from '../../src/index.js'
import { runFixture } from '../helpers/child.js'
import type { FakedTimersResult } from './fixtures/faked-timers.js'
import { rejectionOf } from './world.js'

/** A thenable that resolves with another one, for ever. */
function endless(kind: 'fresh' | 'pair' | 'itself'): unknown {
  if (kind === 'fresh')
    return {
      then: (done: (value: unknown) => void) => {
        done(endless(kind))
      },
    }
  const one: { then: (done: (value: unknown) => void) => void } = {
    then: (done) => {
      done(kind === 'itself' ? one : other)
    },
  }
  const other = {
    then: (done: (value: unknown) => void) => {
      done(one)
    },
  }
  return one
}

function coordinator(release: () => unknown): Coordinator {
  // Null releases are not what is tested, and each takes two collections of this process's heap.
  const made = new Coordinator({ mode: 'release', releaseTimeoutMs: 500, controls: 0 })
  made.register('odd', { release: release })
  made.register('plain', { release: () => undefined })
  return made
}

describe('a run in hostile surroundings', function () {
  this.timeout(20_000)

  it('ends while every timer and clock is faked, and the next one too', async () => {
    // In a process of its own: one that did not end would leave the other tests with a lock that is held and clocks that stand.
    const { faked, afterwards } = await runFixture<FakedTimersResult>('coordinator/fixtures/faked-timers')
    expect(faked).to.have.length(3)
    for (const report of faked) {
      expect(report.caches.find(({ name }) => name === 'plain')?.status).to.equal('released')
      expect(report.durationMs).to.be.greaterThan(0)
      expect(report.startedAt).to.not.match(/^1970/)
    }
    expect(afterwards.caches).to.have.length(2)
  })

  it('ends where a release resolves with promises without end, and costs that row only', async () => {
    for (const kind of ['fresh', 'pair', 'itself'] as const) {
      const { caches } = await coordinator(() => endless(kind)).attribute()
      expect(caches.find(({ name }) => name === 'odd')?.status, kind).to.equal('failed')
      expect(caches.find(({ name }) => name === 'odd')?.error?.message, kind).to.match(/resolves with/)
      expect(caches.find(({ name }) => name === 'plain')?.status, kind).to.equal('released')
    }
  })

  it('follows a chain of promises that does end', async () => {
    let left = 500
    const chain = (): unknown => ({
      then: (done: (value: unknown) => void) => {
        done(--left > 0 ? chain() : undefined)
      },
    })
    const { caches } = await coordinator(chain).attribute()
    expect(caches.find(({ name }) => name === 'odd')?.status).to.equal('released')
    expect(left).to.equal(0)
  })

  it('starts nothing for a forged signal that throws, and the lock is free', async () => {
    const real = new AbortController().signal
    const thrower = (): never => {
      throw new Error('forged')
    }
    const forged = (trap: string): AbortSignal =>
      new Proxy(real, {
        get: (target, name) => {
          if (name === trap) return trap === 'aborted' ? thrower() : thrower
          const value: unknown = Reflect.get(target, name, target)
          return typeof value === 'function' ? (value.bind(target) as unknown) : value
        },
      })
    for (const trap of ['addEventListener', 'aborted']) {
      let released = 0
      const made = coordinator(() => (released += 1))
      expect(await rejectionOf(made.attribute({ signal: forged(trap) })), trap).to.be.instanceOf(Error)
      expect(made.isRunning, trap).to.equal(false)
      expect(released, trap).to.equal(0)
      expect((await made.attribute()).caches, trap).to.have.length(2)
    }
    const made = coordinator(() => undefined)
    expect((await made.attribute({ signal: forged('removeEventListener') })).caches).to.have.length(2)
  })
})
