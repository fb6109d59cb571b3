import { expect } from 'chai'
import { reportLine, sentenceOf, sizesOf, growthOf } from '../helpers/internals/log.js'
import { discoveryOf, ownerOf } from '../report/owners.js'
import { report, row } from '../report/reports.js'

describe('the line of a run', () => {
  it('names owners that nobody registered, the largest first, each once, and no registered cache', () => {
    const owners = [
      ownerOf('queue.jobs', 1e6),
      ownerOf('bus', 3e6, { entries: null }),
      ownerOf('users', 9e6, { cache: 'users' }),
      ownerOf(null, 8e6),
      ownerOf('queue.jobs', 2e6, { retained: { heapBytes: 5e5, memoryBytes: 0, totalBytes: 5e5 } }),
    ]
    const found = report([row('users', 9e6)], { discovery: discoveryOf(owners) })
    const line = reportLine({ mode: 'twin', schedule: '1h', ticksMissed: 0 }, found, [], 10)
    expect(line.owners).to.deep.equal([
      { name: 'server.js › bus', bytes: 3e6, entries: null },
      { name: 'server.js › queue.jobs', bytes: 1e6, entries: 1000 },
    ])
    expect(sentenceOf(line)).to.contain('server.js › bus 2.86 MiB, server.js › queue.jobs 976.6 KiB, no cache')
    expect(sizesOf(found)).to.deep.include({ name: 'owner server.js › bus', bytes: 3e6 })
    expect(reportLine({ mode: 'twin', schedule: '1h', ticksMissed: 0 }, found, [], 1).owners).to.have.length(1)
  })

  it('says which owner grows, as a history tells', async () => {
    const trend = { verdict: 'growing', evidence: 'rises in every hour', slope: { bytesPerHour: 1e6 } }
    const stable = { ...trend, verdict: 'stable' }
    const growth = await growthOf({
      trends: () => ({
        caches: [{ name: 'users', trend: stable }],
        owners: [
          { script: 'file:///app/server.js', path: 'UserStore.byId', trend },
          { script: null, path: 'pool', trend: stable },
        ],
        floor: stable,
      }),
    })
    expect(growth).to.deep.equal([
      { name: 'server.js › UserStore.byId', verdict: 'growing', bytesPerHour: 1e6, evidence: 'rises in every hour' },
    ])
  })

  it('does not take what a trim dropped that failed for the whole: nothing shrinks by it', () => {
    const failed = report([row('users', 1e4, { status: 'failed' })], { mode: 'trim' })
    const { caches } = reportLine({ mode: 'trim', schedule: '1h', ticksMissed: 0 }, failed, [], 10)
    expect(caches[0]).to.include({ name: 'users', bytes: null, uncertaintyBytes: null, status: 'failed' })
    expect(sizesOf(failed)[0]).to.deep.equal({ name: 'cache users', bytes: null })
  })
})
