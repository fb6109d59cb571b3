import { expect } from 'chai'
import type { AttributionReport, CacheAttribution } from 'cache-attribution'
import { failedChecks } from '../../examples/service/checks.js'
import type { Traffic } from '../../examples/service/messages.js'

const phase = { requests: 10, medianMs: 1, p99Ms: 2, longestMs: 3 }
const traffic: Traffic = { connections: 64, failures: {}, phases: { before: phase, during: phase, after: phase } }

/** A report of one row that holds, but for what is changed. */
function report(row: Partial<CacheAttribution> = {}, unattributedBytes = 20): AttributionReport {
  const files = {
    name: 'files',
    status: 'released',
    released: { allocatedBytes: 100, heapBytes: 10, mappedBytes: null, totalBytes: 110 },
    significant: true,
    claimedBytes: 100,
    ...row,
  }
  return {
    caches: [files],
    before: { allocatedBytes: 1000, heapUsedBytes: 500 },
    after: { allocatedBytes: 880, heapUsedBytes: 490 },
    unattributed: { allocatedBytes: unattributedBytes, heapBytes: 0, mappedBytes: null },
    process: { allocator: { name: 'jemalloc' } },
  } as unknown as AttributionReport
}

describe('the self-check of the example service', () => {
  it('passes what holds', () => {
    expect(failedChecks(report(), traffic, ['files'])).to.deep.equal([])
  })

  it('fails on failed requests, told by their kind, and on a phase without requests', () => {
    const silent = { ...phase, requests: 0 }
    const failures = { ECONNRESET: 1, 'status 503': 2 }
    expect(
      failedChecks(report(), { ...traffic, failures, phases: { ...traffic.phases, during: silent } }, ['files']),
    ).to.deep.equal([
      'requests that failed with ECONNRESET: 1',
      'requests that failed with status 503: 2',
      'no request was answered during the run',
    ])
  })

  it('fails on a row that is missing, failed, or within the noise', () => {
    expect(failedChecks(report(), traffic, ['files', 'documents'])).to.deep.equal(['documents: no row'])
    expect(failedChecks(report({ status: 'failed' }), traffic, ['files'])).to.deep.equal(['files: failed'])
    expect(failedChecks(report({ significant: false }), traffic, ['files'])).to.have.lengthOf(1)
  })

  it('fails when the rows do not add up to the byte', () => {
    expect(failedChecks(report({}, 21), traffic, ['files'])[0]).to.match(/make 121, the change is 120/)
  })

  it('fails when lru-cache holds much more or less than it counts', () => {
    expect(failedChecks(report({ claimedBytes: 50 }), traffic, ['files'])).to.have.lengthOf(1)
    expect(failedChecks(report({ claimedBytes: 200 }), traffic, ['files'])).to.have.lengthOf(1)
  })
})
