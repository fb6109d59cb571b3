import { expect } from 'chai'
import { NO_BLAME, blame } from '../../helpers/internals/coordinator-twin.js'
import type { BlameState, EndedPass, TwinFailure, BlameDecision } from '../../helpers/internals/coordinator-twin.js'

const CRASH: TwinFailure = { code: 'ERR_TWIN_CRASHED', reason: 'it ended after 1.0 s by SIGSEGV', signal: 'SIGSEGV' }
const OVERTIME: TwinFailure = { code: 'ERR_TWIN_OVERTIME', reason: 'it was ended', signal: null }

function pass(current: string | null, activity: EndedPass['activity'] = 'release', measured = 0): EndedPass {
  return { current, activity, measured }
}

/** One end after the other. */
function judged(ends: readonly (readonly [EndedPass, TwinFailure])[]): BlameDecision[] {
  let state: BlameState = NO_BLAME
  return ends.map(([ended, failure]) => {
    const verdict = blame(state, ended, failure, 5000)
    state = verdict.state
    return verdict
  })
}

describe('the blame for a twin that ended', () => {
  it('is nobody’s the first time, and the cache’s the second', () => {
    const [first, second] = judged([
      [pass('a'), CRASH],
      [pass('a', 'settle'), CRASH],
    ])
    expect([first?.exclusion, first?.isRetried]).to.deep.equal([null, true])
    expect(second?.exclusion).to.deep.equal({
      name: 'a',
      status: 'failed',
      error: { code: 'ERR_TWIN_CRASHED', message: CRASH.reason, signal: 'SIGSEGV' },
    })
    expect(second?.isRetried).to.equal(true)
  })

  it('goes by the signal, whatever the words say', () => {
    const reason = 'it ended by SIGKILL, they say'
    const codes = [null, 'SIGKILL', 'SIGSEGV'].map((signal) => {
      const failure = { code: 'ERR_TWIN_CRASHED', reason, signal } as const
      const ends = judged([
        [pass('a'), failure],
        [pass('a'), failure],
      ])
      return ends[1]?.exclusion?.error.code
    })
    expect(codes).to.deep.equal(['ERR_TWIN_CRASHED', 'ERR_RELEASE_KILLED', 'ERR_TWIN_CRASHED'])
  })

  it('is the cache’s at once where its release or its finalizers took too long, and not where collections did', () => {
    const verdicts = (['release', 'finalize', 'settle'] as const).map((activity) => {
      const { exclusion } = blame(NO_BLAME, pass('a', activity), OVERTIME, 5000)
      return exclusion === null ? null : [exclusion.status, exclusion.error.code, exclusion.error.message]
    })
    expect(verdicts).to.deep.equal([
      ['timed-out', 'ERR_RELEASE_TIMEOUT', 'it did not finish within 5000 ms of processor time'],
      [
        'timed-out',
        'ERR_RELEASE_TIMEOUT',
        'the finalizers of what it released did not finish within 5000 ms of processor time',
      ],
      null,
    ])
  })

  it('is of finalizers that waited, once: then they are not run', () => {
    const [first, second] = judged([
      [pass(null, 'finalize'), CRASH],
      [pass(null, 'finalize'), CRASH],
    ])
    expect(first?.state.runsFinalizers).to.equal(false)
    expect(first?.warnings.map(({ code }) => code)).to.deep.equal(['WARN_TWIN_RETRIED', 'WARN_FINALIZERS_WAIT'])
    expect(second?.warnings.map(({ code }) => code)).to.deep.equal(['WARN_TWIN_RETRIED'])
    expect(second?.state.blameless).to.equal(1)
  })

  it('is nobody’s three times at most', () => {
    const ends = judged(Array.from({ length: 3 }, () => [pass(null, 'settle'), CRASH] as const))
    expect(ends.map(({ isRetried }) => isRetried)).to.deep.equal([true, true, false])
  })

  it('ends the run where no twin gets further than one before', () => {
    const ends = judged(Array.from({ length: 9 }, (_, index) => [pass(`c${String(index)}`), CRASH] as const))
    expect(ends.map(({ isRetried }) => isRetried)).to.deep.equal([...Array<boolean>(8).fill(true), false])
  })

  it('changes no state that it was given', () => {
    const before = structuredClone(NO_BLAME)
    blame(NO_BLAME, pass('a'), CRASH, 5000)
    expect(NO_BLAME).to.deep.equal(before)
  })
})
