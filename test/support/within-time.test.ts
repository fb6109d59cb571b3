import { getEventListeners, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import v8 from 'node:v8'
import vm from 'node:vm'
import { expect } from 'chai'
import { withinTime } from '../helpers/internals/support.js'

v8.setFlagsFromString('--expose-gc')
const gc = vm.runInNewContext('gc') as () => void

/** Ends with the name of what aborted it. */
async function untilAborted(signal: AbortSignal): Promise<string> {
  if (!signal.aborted) await once(signal, 'abort')
  return (signal.reason as Error).name
}

describe('withinTime()', () => {
  it('ends a task when its time is over, though everything was collected meanwhile', async () => {
    const { signal } = new AbortController()
    const ended = withinTime(100, signal, untilAborted)
    await delay(20)
    gc()
    gc()
    expect(await Promise.race([ended, delay(5000, 'hangs')])).to.equal('TimeoutError')
  })

  it('ends it with the signal of its caller, also with one that was aborted before', async () => {
    const abort = new AbortController()
    const ended = withinTime(60_000, abort.signal, untilAborted)
    abort.abort()
    expect(await ended).to.equal('AbortError')
    expect(await withinTime(60_000, abort.signal, untilAborted)).to.equal('AbortError')
    expect(await withinTime(10, undefined, untilAborted)).to.equal('TimeoutError')
  })

  it('gives what the task gives, and its failure; nothing listens to the caller any more', async () => {
    const { signal } = new AbortController()
    expect(await withinTime(1e12, signal, () => Promise.resolve(7))).to.equal(7)
    const failed = withinTime(1000, signal, () => Promise.reject(new RangeError('of the task')))
    expect(await failed.catch((error: unknown) => (error as Error).name)).to.equal('RangeError')
    expect(getEventListeners(signal, 'abort')).to.have.lengthOf(0)
  })
})
