import { expect } from 'chai'
import { explainedByGraph } from '../../helpers/internals/report-discovery.js'
import type { LiveMemory } from '../../helpers/internals/report-discovery.js'
import type { Owner } from '../../../src/twin/index.js'
import { runFixture } from '../../helpers/child.js'
import { BUFFER_BYTES, MAPPED_BYTES, ROWS, TIMERS } from './fixtures/shared.js'
import type { SharedResult } from './fixtures/shared.js'

const MIB = 1024 * 1024

describe('what several owners hold', () => {
  let result: SharedResult

  before(async function () {
    this.timeout(90_000)
    result = await runFixture('twin/owners/fixtures/shared', { preload: 'jemalloc', timeoutMs: 80_000 })
  })

  const find = (is: (owner: Owner) => boolean): Owner => {
    const found = result.discovery.owners.find(is)
    if (found === undefined) throw new Error(`no such owner among\n${result.text}`)
    return found
  }
  const holdersOf = ({ sharedBy = [] }: Owner): (string | null | undefined)[] =>
    sharedBy.map((place) => result.discovery.owners[place]?.path)

  it('is one row where it hangs together, and names who holds it as well', () => {
    const timers = find(({ kind }) => kind === 'timers')
    expect(timers).to.include({ instances: TIMERS })
    // The message, its variables, the functions of the timer and of its handle, and the timer itself.
    expect(timers.own.heapBytes).to.be.within(TIMERS * 1100, TIMERS * 1700)
    expect(holdersOf(timers)).to.include('handles')
    const functions = result.discovery.owners.filter(({ instances }) => instances === TIMERS)
    expect(functions).to.have.length(1)
  })

  it('is counted with the variables that hold both, and told as what they share', () => {
    const { owners, shared = [] } = result.discovery
    const rows = shared.find(({ count }) => Math.abs(count - ROWS) <= 2)
    expect(rows?.holders.map(({ path }) => path)).to.have.members(['catalogue', 'recent'])
    expect(rows?.totalBytes).to.be.within((ROWS - 2) * 4800, ROWS * 4900)
    const whole = owners[rows?.countedWith ?? -1]
    expect(whole?.kind).to.equal('variables')
    expect(whole?.own.totalBytes).to.be.at.least(rows?.totalBytes ?? NaN)
    expect(result.text).to.match(
      /^of owner \d+, 1\.8\d MiB \(×39\d|×400\) are held by shared\.js › \w+ and shared\.js › \w+ together$/m,
    )
  })

  it('is no more than what it is counted with', () => {
    const { owners, shared = [] } = result.discovery
    for (const { countedWith, totalBytes } of shared) {
      expect(totalBytes).to.be.at.most(owners[countedWith ?? -1]?.own.totalBytes ?? Infinity)
    }
  })

  it('says of a row that one alone holds nothing of others', () => {
    expect(find(({ path }) => path === 'buffers').sharedBy).to.deep.equal([])
  })

  const live = (): LiveMemory => {
    const { live: found } = result.discovery
    if (found === null) throw new Error('nothing was walked')
    return found
  }

  it('is told apart from what V8 maps, which the allocator does not count', () => {
    expect(live().mappedBytes).to.be.within(MAPPED_BYTES, MAPPED_BYTES + 64 * 1024)
    expect(live().memoryBytes).to.be.within(MAPPED_BYTES + BUFFER_BYTES, MAPPED_BYTES + BUFFER_BYTES + 2 * MIB)
  })

  it('leaves little of native memory without a name beside Node itself', () => {
    const { engineBytes, allocatedBytes } = live()
    expect(engineBytes).to.be.within(MIB, 12 * MIB)
    const { nativeShare } = explainedByGraph(live())
    expect(nativeShare).to.be.within(0.85, 1)
    expect(allocatedBytes).to.be.within(BUFFER_BYTES, BUFFER_BYTES + 15 * MIB)
    const node = result.discovery.packages?.find(({ of }) => of === 'node')
    expect(node?.nativeBytes).to.be.greaterThan(MIB)
  })
})
