import { expect } from 'chai'
import { PLAIN_PALETTE } from '../../helpers/internals/report.js'
import { describeInFlight, inFlightLines } from '../../helpers/internals/report-discovery.js'
import type { InFlight } from '../../helpers/internals/report-discovery.js'

const SITE = { function: 'poll', script: 'file:///app/queue.js', line: 17, count: 3 }

function inFlight(rest: Partial<InFlight>): InFlight {
  return {
    kind: 'timers',
    className: 'Timeout',
    site: SITE,
    count: 20_000,
    retainedBytes: 32_768,
    bufferedBytes: null,
    ...rest,
  }
}

describe('describeInFlight()', () => {
  it('tells what waits by where its function stands, or by its class', () => {
    const described = (rest: Partial<InFlight>): string => describeInFlight(inFlight(rest))
    expect(described({})).to.equal('timers ×20,000 set in queue.js:17')
    expect(described({ kind: 'calls' })).to.equal('promises awaiting poll() ×20,000 from queue.js:17')
    expect(described({ kind: 'calls', site: { ...SITE, function: null } })).to.equal(
      'promises awaiting a function ×20,000 from queue.js:17',
    )
    expect(described({ kind: 'promises', site: null })).to.equal('pending promises ×20,000')
    expect(described({ kind: 'sockets', className: 'TLSSocket', site: null })).to.equal('sockets TLSSocket ×20,000')
  })
})

describe('inFlightLines()', () => {
  const paints = PLAIN_PALETTE

  it('is a table, with what streams buffer', () => {
    const socket = inFlight({ kind: 'sockets', className: 'Socket', site: null, count: 2, bufferedBytes: 2048 })
    expect(inFlightLines([inFlight({}), socket], paints)).to.deep.equal([
      'In flight',
      '',
      'in flight                              holds  buffered',
      'timers ×20,000 set in queue.js:17  32.00 KiB         –',
      'sockets Socket ×2                  32.00 KiB  2.00 KiB',
      '',
    ])
  })

  it('is nothing where nothing of a size waits', () => {
    expect(inFlightLines([inFlight({ retainedBytes: 100 })], paints)).to.deep.equal([])
  })
})
