import { expect } from 'chai'
import { nodeEnvironment } from '../helpers/internals/support.js'
import { runFixture } from '../helpers/child.js'
import type { CollectorResult } from './fixtures/collector.js'
import type { KeepCodeResult } from './fixtures/keep-code.js'
import type { MajorGcResult } from './fixtures/major-gc.js'

const MIB = 1024 * 1024

describe('the forced collector', () => {
  let result: CollectorResult
  before(async () => (result = await runFixture('support/fixtures/collector')))

  it('comes without a command-line flag', () => {
    expect(result.freedByMajor).to.be.closeTo(32 * MIB, MIB)
  })

  it('leaves no gc in the global scope, nor in contexts made later', () => {
    expect([result.isGlobal, result.hasNewContext]).to.deep.equal([false, false])
  })

  it('sets the flag back that it sets', () => {
    expect(result.flags).to.deep.equal(['--expose-gc', '--no-expose-gc'])
  })

  it('has freed the Buffers when its minor collection after a major one is over', () => {
    expect(result.leftAfterMinor).to.be.below(MIB)
  })

  it('makes the collection that it is asked for, and it is over on return', () => {
    expect(result.kinds).to.deep.equal(['major', 'minor', 'minor', 'major'])
  })

  it('is made once', () => {
    expect(result.isSame).to.equal(true)
  })

  it('leaves --expose-gc alone where it was given', async () => {
    const given = await runFixture<CollectorResult>('support/fixtures/collector', { execArgv: ['--expose-gc'] })
    expect(given).to.include({ isGlobal: true, hasNewContext: true })
    expect(given.flags).to.deep.equal([])
    expect(given.freedByMajor).to.be.closeTo(32 * MIB, MIB)
  })

  it('does not take a stand-in under the name of gc for it', async () => {
    const { freedByMajor } = await runFixture<CollectorResult>('support/fixtures/collector', { args: ['stand-in'] })
    expect(freedByMajor).to.be.closeTo(32 * MIB, MIB)
  })
})

describe('keepCode()', () => {
  const keepCode = (options: Parameters<typeof runFixture>[1]): Promise<KeepCodeResult> =>
    runFixture('support/fixtures/keep-code', options)

  it('stops V8 from throwing code away, and lets it again', async () => {
    expect(await keepCode({})).to.deep.equal({ onKeep: ['--no-flush-bytecode'], onRestore: ['--flush-bytecode'] })
  })

  it('leaves the flag alone where it was given at the start', async () => {
    for (const flag of ['--no-flush-bytecode', '--flush_bytecode']) {
      expect(await keepCode({ execArgv: [flag] })).to.deep.equal({ onKeep: [], onRestore: [] })
    }
  })
})

describe('nextMajorGc()', () => {
  let result: MajorGcResult
  before(async () => (result = await runFixture('support/fixtures/major-gc')))

  it('sees a major collection', () => {
    expect(result.onMajor).to.equal(true)
  })

  it('sees one that V8 makes by itself', () => {
    expect(result.onNaturalOne).to.equal(true)
  })

  it('does not take a minor collection for one', () => {
    expect(result.onMinor).to.equal(false)
  })

  it('does not take one from before the wait for one', () => {
    expect(result.ofAnEarlierOne).to.equal(false)
  })

  it('tells soon, also in a process that has nothing else to do', () => {
    expect(result.totalMs).to.be.below(10_000)
  })

  it('gives up after its timeout', () => {
    expect(result.onTimeout).to.equal(false)
  })

  it('gives up at once when it is aborted, and where it was aborted before', () => {
    expect([result.onAbort, result.abortedBefore]).to.deep.equal([false, false])
  })

  it('leaves no timer, observer or listener behind', () => {
    expect(result.resources[1]).to.deep.equal(result.resources[0])
    expect(result.listeners).to.equal(0)
  })
})

describe('the real environment', () => {
  it('blocks this thread for the time it is asked to sleep', () => {
    const start = nodeEnvironment.now()
    nodeEnvironment.sleepSync(20)
    expect(nodeEnvironment.now() - start).to.be.within(19, 1000)
  })

  it('lets the loop turn at least once while it rests, even for no time', async () => {
    let hasTurned = false
    setImmediate(() => (hasTurned = true))
    await nodeEnvironment.yieldToLoop(0)
    expect(hasTurned).to.equal(true)
  })

  it('ends a rest early when it is aborted, without a rejection', async () => {
    const start = nodeEnvironment.now()
    const abort = new AbortController()
    setTimeout(() => {
      abort.abort(new Error('enough'))
    }, 5)
    await nodeEnvironment.yieldToLoop(60_000, abort.signal)
    await nodeEnvironment.yieldToLoop(60_000, abort.signal)
    expect(nodeEnvironment.now() - start).to.be.below(10_000)
  })

  it('runs work in its own turn after all ticks and microtasks', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      nodeEnvironment.inOwnTurn(() => {
        order.push('own turn')
        resolve()
      })
      process.nextTick(() => order.push('tick'))
      void Promise.resolve().then(() => order.push('microtask'))
    })
    expect(order).to.deep.equal(['tick', 'microtask', 'own turn'])
  })

  it('calls back after the microtasks, those that they start too, and before any timer or immediate', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        setTimeout(() => order.push('timer'), 0)
        setImmediate(() => {
          order.push('immediate')
          setTimeout(resolve, 5)
        })
        nodeEnvironment.afterMicrotasks(() => order.push('after microtasks'))
        void Promise.resolve()
          .then(() => order.push('first'))
          .then(() => order.push('second'))
        nodeEnvironment.sleepSync(3)
      })
    })
    expect(order.slice(0, 3)).to.deep.equal(['first', 'second', 'after microtasks'])
  })

  it('reads the heap and the process in bytes', () => {
    expect(nodeEnvironment.heapUsedBytes()).to.be.within(MIB, 4096 * MIB)
    const { heapTotalBytes, externalBytes, arrayBuffersBytes, rssBytes } = nodeEnvironment.figures()
    expect(rssBytes).to.be.above(heapTotalBytes)
    expect(externalBytes).to.be.at.least(arrayBuffersBytes)
  })
})
