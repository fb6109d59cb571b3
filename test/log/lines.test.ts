import { expect } from 'chai'
import { reportLine, sizesOf } from '../../src/log/lines.js'
import { report, row } from '../report/reports.js'

describe('the line of a run', () => {
  it('does not take what a trim dropped that failed for the whole: nothing shrinks by it', () => {
    const failed = report([row('users', 1e4, { status: 'failed' })], { mode: 'trim' })
    const { caches } = reportLine({ mode: 'trim', schedule: '1h', ticksMissed: 0 }, failed, [], 10)
    expect(caches[0]).to.include({ name: 'users', bytes: null, uncertaintyBytes: null, status: 'failed' })
    expect(sizesOf(failed)[0]).to.deep.equal({ name: 'cache users', bytes: null })
  })
})
