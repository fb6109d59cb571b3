import { expect } from 'chai'
import { withoutCopy } from '../helpers/internals/cli-ask.js'
import { CacheAttributionError } from '../../src/index.js'

describe('a process without memory for a copy of itself', () => {
  const short = new CacheAttributionError('ERR_TWIN_MEMORY', 'a twin may need up to 137.7 MiB, and 63 MiB are left')

  it('is told what needs no copy', () => {
    expect(withoutCopy(short, { pid: 4711 })).to.include({
      code: 'ERR_TWIN_MEMORY',
      reason: `${short.reason}; "cache-attribution breakdown 4711" shows where its memory is without a copy`,
      cause: short,
    })
  })

  it('keeps its error where that is another, or an endpoint was asked', () => {
    const other = new CacheAttributionError('ERR_TWIN_FORK', 'the system refused')
    expect(withoutCopy(other, { pid: 4711 })).to.equal(other)
    expect(withoutCopy(short, { url: new URL('http://127.0.0.1:1') })).to.equal(short)
  })
})
