/** A run in twins whose twins end at every point and in every way: no fork. */
import { constants } from 'node:os'
import { expect } from 'chai'
import { TWIN_EXIT } from '../../helpers/internals/twin.js'
import { CacheAttributionError } from '../../../src/index.js'
import { rowOf, warningsOf } from '../world.js'
import { CACHE_BYTES, scriptedRun, wholePass } from './scripted-twin.js'
import type { ScriptedRun, ScriptedTwin } from './scripted-twin.js'

const NAMES = ['a', 'b', 'c']

const ENDS = {
  'a crash': { kind: 'crashed', ended: { code: null, signal: constants.signals.SIGSEGV } },
  SIGKILL: { kind: 'crashed', ended: { code: null, signal: constants.signals.SIGKILL } },
  'an exit': { kind: 'crashed', ended: { code: TWIN_EXIT.LEFT, signal: null } },
  'a wait for a thread': { kind: 'crashed', ended: { code: TWIN_EXIT.WAITS, signal: null } },
  overtime: { kind: 'overtime' },
  'getting stuck': { kind: 'stuck' },
  // Half a frame is taken for what the service wrote into the pipe.
  'half a frame': { kind: 'forged' },
} as const satisfies Record<string, ScriptedTwin['end']>

/** The codes that a row of a cache may have in whose windows twins ended so. */
const CODE_OF: Record<keyof typeof ENDS, string> = {
  'a crash': 'ERR_TWIN_CRASHED',
  SIGKILL: 'ERR_RELEASE_KILLED',
  'an exit': 'ERR_TWIN_CRASHED',
  'a wait for a thread': 'ERR_TWIN_STUCK',
  overtime: 'ERR_TWIN_OVERTIME',
  'getting stuck': 'ERR_TWIN_STUCK',
  'half a frame': 'ERR_TWIN_CRASHED',
}

/** The cache at work behind the first `count` messages; null where none is. */
function atWork(count: number): string | null {
  const last = wholePass(NAMES)[count - 1]
  return last?.kind === 'release' || last?.kind === 'settle' || last?.kind === 'finalize' ? last.name : null
}

/** Every event about a cache but its failures comes once, whatever the twins repeat. */
function expectAnnouncedOnce({ events }: ScriptedRun): void {
  const released = events.filter(({ event }) => event === 'cache-released').map(({ name }) => name)
  expect(new Set(released).size).to.equal(released.length)
}

describe('a run whose twins all end well', () => {
  it('has every row, and emits each once', async () => {
    const run = await scriptedRun(NAMES, (left) => ({ messages: wholePass(left), end: 'result' }), { twins: 2 })
    expect(run.twins).to.equal(2)
    expect(run.report?.caches.map(({ status, released }) => [status, released.allocatedBytes])).to.deep.equal(
      NAMES.map(() => ['released', CACHE_BYTES]),
    )
    expectAnnouncedOnce(run)
    expect(run.events.map(({ event }) => event).slice(0, 2)).to.deep.equal(['run-started', 'run-planned'])
  })
})

for (const [words, end] of Object.entries(ENDS) as [keyof typeof ENDS, ScriptedTwin['end']][]) {
  describe(`a run whose twin ends by ${words}`, () => {
    const points = Array.from({ length: wholePass(NAMES).length }, (_, count) => count)

    it('once, at any point, has every row all the same', async () => {
      for (const count of points) {
        // Over time in a release is the cache's own doing, and final.
        if (words === 'overtime' && atWork(count) !== null) continue
        const run = await scriptedRun(NAMES, (left, index) => {
          const messages = wholePass(left)
          return index === 0 ? { messages: messages.slice(0, count), end } : { messages, end: 'result' }
        })
        expect(run.twins, String(count)).to.equal(2)
        expect(run.report?.caches.map(({ status }) => status)).to.deep.equal(['released', 'released', 'released'])
        expect(run.report === null ? [] : warningsOf(run.report)).to.include('WARN_TWIN_RETRIED')
        expectAnnouncedOnce(run)
      }
    })

    it('again and again in the window of one cache costs the row of that cache alone', async () => {
      for (const count of points) {
        const culprit = atWork(count)
        if (culprit === null) continue
        const run = await scriptedRun(NAMES, (left) => {
          const messages = wholePass(left)
          const at = wholePass(NAMES)[count - 1]
          const from = messages.findIndex(
            (message) => message.kind === at?.kind && 'name' in message && message.name === culprit,
          )
          return left.includes(culprit) ? { messages: messages.slice(0, from + 1), end } : { messages, end: 'result' }
        })
        expect(run.report, String(count)).not.to.equal(null)
        if (run.report === null) continue
        for (const { name, status, error } of run.report.caches) {
          if (name !== culprit) expect([name, status]).to.deep.equal([name, 'released'])
          else expect([CODE_OF[words], 'ERR_RELEASE_TIMEOUT']).to.include(error?.code)
        }
        const own = rowOf(run.report, culprit)
        expect(own.released.totalBytes).to.equal(null)
        expect(own.error?.signal).to.equal(
          words === 'SIGKILL' ? 'SIGKILL' : words === 'a crash' ? 'SIGSEGV' : undefined,
        )
        expectAnnouncedOnce(run)
      }
    })

    it('again and again before any release rejects, after a few', async () => {
      const run = await scriptedRun(NAMES, (left) => ({ messages: wholePass(left).slice(0, 1), end }))
      expect(run.report).to.equal(null)
      expect(run.error).to.be.instanceOf(CacheAttributionError)
      expect(run.twins).to.equal(3)
    })

    it('whatever cache is at work gives up, and reports what was measured', async () => {
      // Each twin ends in the window behind those of the first two caches: who is at work changes.
      const many = Array.from({ length: 40 }, (_, index) => `cache ${String(index)}`)
      const run = await scriptedRun(many, (left) => {
        const messages = wholePass(left)
        const second = messages.findIndex((message) => message.kind === 'row' && message.row.name === left[1])
        return { messages: messages.slice(0, second + 2), end }
      })
      expect(run.twins).to.be.at.most(20)
      expect(run.report?.caches.filter(({ status }) => status === 'released').length).to.be.at.least(2)
      expectAnnouncedOnce(run)
    })
  })
}

describe('a run whose twin throws', () => {
  it('rejects where nothing was measured, and makes no other', async () => {
    const end = { kind: 'thrown', code: 'ERR_TWIN_THROWN', message: 'no' } as const
    const run = await scriptedRun(NAMES, () => ({ messages: [], end }))
    expect(run.error).to.include({ code: 'ERR_TWIN_THROWN', reason: 'no' })
    expect(run.twins).to.equal(1)
  })

  it('reports what was measured before, and says why the rest was not', async () => {
    const end = { kind: 'thrown', code: 'ERR_TWIN_THROWN', message: 'no' } as const
    const row = wholePass(NAMES).findIndex(({ kind }) => kind === 'row')
    const { report } = await scriptedRun(NAMES, (left) => ({ messages: wholePass(left).slice(0, row + 1), end }))
    expect(report?.caches.map(({ status, error }) => [status, error?.code, error?.message])).to.deep.equal([
      ['released', undefined, undefined],
      ['skipped', 'ERR_TWIN_THROWN', 'no'],
      ['skipped', 'ERR_TWIN_THROWN', 'no'],
    ])
  })
})

describe('a run in twins that is aborted', () => {
  it('reports what was measured, and the rest as aborted', async () => {
    const controller = new AbortController()
    const row = wholePass(NAMES).findIndex(({ kind }) => kind === 'row')
    const { report } = await scriptedRun(
      NAMES,
      (left) => {
        controller.abort()
        return { messages: wholePass(left).slice(0, row + 1), end: { kind: 'aborted' } }
      },
      { signal: controller.signal },
    )
    expect(report?.caches.map(({ status, error }) => [status, error?.code])).to.deep.equal([
      ['released', undefined],
      ['skipped', 'ERR_RUN_ABORTED'],
      ['skipped', 'ERR_RUN_ABORTED'],
    ])
  })
})
