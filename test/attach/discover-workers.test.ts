import { expect } from 'chai'
import { CacheAttributionError } from '../../src/index.js'
import type { Discovery } from '../../src/twin/index.js'
import { SessionError, WORKER_ENDED, discoverWorkers } from '../helpers/internals/attach-client.js'
import type { Attachment } from '../helpers/internals/attach-client.js'
import { discoveryOf, ownerOf } from '../report/owners.js'

type Worker = Awaited<ReturnType<Attachment['workers']>>[number]

const HEAP = { heapUsedBytes: 5e6, heapTotalBytes: 9e6 }

/** Workers of which each does so when its agent is brought in, and then when it is asked. */
function attachedTo(...workers: readonly { open?: Error; ask?: Error }[]): {
  attachment: Attachment
  closed: number[]
} {
  const closed: number[] = []
  const found = workers.map(({ open, ask }, index) => ({
    threadId: index + 1,
    name: null,
    open: () =>
      open === undefined
        ? Promise.resolve({
            heap: HEAP,
            ask: () =>
              ask === undefined ? Promise.resolve(discoveryOf([ownerOf('sessions', 2e6)])) : Promise.reject(ask),
            close: () => Promise.resolve(closed.push(index + 1)),
          })
        : Promise.reject(open),
  }))
  const attachment = { workers: () => Promise.resolve(found as unknown as Worker[]) } as unknown as Attachment
  return { attachment, closed }
}

const searched = (attachment: Attachment): Promise<Discovery> =>
  discoverWorkers(attachment, discoveryOf([ownerOf('config', 1e6)]), {})

describe('the workers of a process that nobody prepared', () => {
  it('are told by the real cause where they were not searched, and cost the others nothing', async () => {
    const { attachment, closed } = attachedTo(
      { open: new SessionError('silent', 'no answer within 5000 ms') },
      { open: new SessionError('lost', WORKER_ENDED) },
      { open: new CacheAttributionError('ERR_ATTACH_ADDON', 'the addon cannot be loaded') },
      { ask: new SessionError('refused', 'TypeError: x') },
      { ask: new SessionError('lost', 'the connection was cut') },
      { ask: new RangeError('no text of an answer') },
      {},
    )
    const { owners, threads = [], warnings } = await searched(attachment)
    expect(threads.map(({ status, error }) => [status, error?.code])).to.deep.equal([
      ['failed', 'ERR_THREAD_SILENT'],
      ['failed', 'ERR_THREAD_ENDED'],
      ['failed', 'ERR_ATTACH_ADDON'],
      ['failed', 'ERR_ATTACH_AGENT'],
      ['failed', 'ERR_ATTACH_CONNECTION'],
      ['failed', 'ERR_THREAD_ANSWER'],
      ['searched', undefined],
    ])
    expect(threads[0]?.error?.message).to.equal(
      'it is blocked, for example in Atomics.wait(): no answer within 5000 ms',
    )
    expect(threads.map(({ heapUsedBytes }) => heapUsedBytes)).to.deep.equal([null, null, null, 5e6, 5e6, 5e6, 5e6])
    expect(owners.map(({ path, threadId }) => [path, threadId])).to.deep.equal([
      ['sessions', 7],
      ['config', 0],
    ])
    expect(warnings.map(({ code }) => code)).to.deep.equal(['WARN_DISCOVER_THREADS'])
    expect(closed, 'no agent stays in a worker').to.deep.equal([4, 5, 6, 7])
  })
})
