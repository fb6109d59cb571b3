import { expect } from 'chai'
import { needsJemalloc, runFixture } from '../../helpers/child.js'
import type { HostileResult } from './fixtures/hostile.js'

/** An attempt in a twin → the parent's answer. */
const EXPECTED: Readonly<Record<string, unknown>> = {
  returns: { size: 1, list: [1, 2, 3] },
  'returns nothing': undefined,
  'changes memory': 0,
  throws: 'ERR_TWIN_THROWN: no more',
  'throws null': /^ERR_TWIN_THROWN: null was thrown/,
  'returns a bigint': /^ERR_TWIN_RESULT: it cannot be written as JSON/,
  'returns a circle': /^ERR_TWIN_RESULT: it cannot be written as JSON/,
  'returns a promise': /^ERR_TWIN_THROWN: the function returned a promise/,
  'returns 5 MB': 10_000_000,
  'returns long text': 'ä\n"'.repeat(500_000),
  exits: /^ERR_TWIN_CRASHED: .* through process\.exit\(\)$/,
  aborts: /^ERR_TWIN_CRASHED: .* by SIGABRT$/,
  // process.pid is the parent's, also in the twin: it is out of reach.
  'is killed': 'ERR_TWIN_THROWN: kill EPERM',
  faults: 'ERR_TWIN_THROWN: kill EPERM',
  'stops itself': 'ERR_TWIN_THROWN: kill EPERM',
  'waits for a thread': /^ERR_TWIN_STUCK: .* it waited for a thread that it does not have$/,
  'loops for ever': /^ERR_TWIN_OVERTIME: .* it used up its processor time$/,
  'kills its parent': 'EPERM',
  'writes a file': 'EPERM',
  'makes a file': 'EPERM',
  'removes a file': 'EPERM',
  'writes to an open file': 7,
  'starts a program': 'EPERM',
  'listens on a port': 'no socket',
  prints: 'printed',
  'reads a file': 'twin',
  'reads a FIFO': 'EPERM',
  'makes a pseudo terminal': 'EPERM',
  'reads a device without an end': 4,
  'reads through a link': true,
  'changes its user': 'EPERM',
  'changes its group': 'EPERM',
  'handles the signal that watches over it': 'EPERM',
  'asks for the time': true,
  'forges a result': /^ERR_TWIN_CRASHED: .*: something in it wrote to the pipe of its results$/,
  collects: 200_000,
  'makes a twin': 'no twin of its own',
  'sends messages': 0,
  'was heard': [{ step: 1 }, 'two'],
  'is listened to by what throws': undefined,
  'is aborted': 'ERR_RUN_ABORTED: the twin was ended by its signal',
  'comes twice at once': ['first', 'ERR_RUN_IN_PROGRESS: a run or another twin of this process is under way'],
}

describe('a twin, whatever its function does', function () {
  this.timeout(90_000)
  let result: HostileResult
  before(async function () {
    needsJemalloc(this)
    result = await runFixture('coordinator/twin/fixtures/hostile', { preload: 'jemalloc', timeoutMs: 80_000 })
  })

  for (const [tried, expected] of Object.entries(EXPECTED)) {
    it(`${tried}: a result, or a clear error with a code`, () => {
      const outcome = result.outcomes[tried]
      if (expected instanceof RegExp) expect(outcome).to.match(expected)
      else expect(outcome).to.deep.equal(expected)
    })
  }

  it('was tried in every way that is listed, and in no other', () => {
    expect(Object.keys(result.outcomes).toSorted()).to.deep.equal(Object.keys(EXPECTED).toSorted())
  })

  it('leaves files, descriptors and children of the process as they were', () => {
    expect(result.after).to.deep.equal(result.before)
    expect(result.isNewFileThere).to.equal(false)
    expect(result.inFifo).to.equal('kept')
  })

  it('leaves the data of the process as it was', () => {
    expect(result.survivors).to.equal(1)
  })

  it('tells what it cost, also where it failed', () => {
    const { throws, exits } = result.costs
    expect(throws).to.include({ attempts: 1, copiedBytes: null })
    expect(throws?.pauseMs).to.be.above(0)
    expect(throws?.forkMs).to.be.above(0)
    expect(exits?.attempts).to.equal(2)
    expect(result.costs['returns']?.copiedBytes).to.be.above(0)
  })
})
