import { expect } from 'chai'
import { breakdown, breakdownOfProcess } from '../../src/breakdown/index.js'
import { readThreads, cacheBytes, readMapped, unknownAllocator } from '../helpers/internals/breakdown.js'
import type { ProcessFiles, MemoryMapping } from '../helpers/internals/breakdown.js'
import { isolateHeap, workerHeaps } from '../../src/index.js'
import { MIB, heap, readings } from '../report/breakdown/readings.js'
import { V8_PAGE, mapping } from './mappings.js'

const FIGURES = { isolates: readings().isolates, allocator: readings().allocator }

/** A process whose kernel tells so much. */
function files(reported: {
  mappings?: readonly MemoryMapping[] | Error
  texts?: Record<string, string>
  threads?: string[]
}): ProcessFiles {
  return {
    mappings: () => {
      if (reported.mappings instanceof Error) throw reported.mappings
      return reported.mappings ?? []
    },
    text: (name) => reported.texts?.[name] ?? null,
    threads: () => reported.threads ?? null,
    withMemory: (work) => work(() => 0n),
  }
}

const STATUS = `Name:	node
VmRSS:	  204800 kB
RssAnon:	  153600 kB
RssFile:	   40960 kB
RssShmem:	   10240 kB
VmSwap:	     100 kB
Threads:	11
`

describe('readMapped()', () => {
  it('divides by address where the kernel lists the mappings', () => {
    const found = readMapped(files({ mappings: [V8_PAGE, mapping(0x7f00_0000_0000, MIB, { marks: 'nr' })] }), FIGURES)
    expect(found).to.include({ v8: 256 * 1024, arenas: MIB, coarse: null })
  })

  it('divides unmarked anonymous memory by what V8 and the allocator tell, and says so', () => {
    const unmarked = mapping(0x7f00_0000_0000, 200 * MIB, { flags: null })
    const found = readMapped(files({ mappings: [unmarked] }), FIGURES)
    expect(found).to.include({ v8: 100 * MIB, arenas: 60 * MIB, other: 40 * MIB })
    expect(found.coarse).to.be.a('string')
  })

  it('divides the totals of a kernel that hides the mappings', () => {
    const found = readMapped(files({ mappings: new Error('EACCES: no'), texts: { status: STATUS } }), FIGURES)
    expect(found).to.include({
      v8: 100 * MIB,
      arenas: 50 * MIB,
      other: 0,
      swap: 100 * 1024,
      threads: 11,
      coarse: 'EACCES: no',
    })
    expect(found.binary[0]?.bytes).to.equal(40 * MIB)
    expect(found.shared[0]?.bytes).to.equal(10 * MIB)
  })

  it('divides the totals where mappings are listed without sizes', () => {
    const bare = mapping(0x1000, MIB, { rssBytes: 0 })
    expect(readMapped(files({ mappings: [bare], texts: { status: STATUS } }), FIGURES).v8).to.equal(100 * MIB)
  })

  it('is an error with a code where neither is told', () => {
    expect(() => readMapped(files({ mappings: new Error('ENOENT: gone') }), FIGURES)).to.throw(
      /^ERR_BREAKDOWN_UNAVAILABLE: .*ENOENT: gone/,
    )
    expect(() => readMapped(files({ texts: { status: 'Name: odd\n' } }), FIGURES)).to.throw('ERR_BREAKDOWN_UNAVAILABLE')
  })

  it('does not divide the totals of another process, of which there are no figures', () => {
    const other = { isolates: [], allocator: unknownAllocator('unavailable') }
    const hidden = files({ mappings: new Error('EACCES: no'), texts: { status: STATUS } })
    expect(() => readMapped(hidden, other)).to.throw('ERR_BREAKDOWN_UNAVAILABLE')
  })
})

describe('readThreads()', () => {
  it('reads stack pointers of threads that wait, and passes over those that run or are gone', () => {
    const texts = {
      'task/1/syscall': '202 0x1 0x189 0x0 0x0 0x0 0x0 0x7f10 0x7f20\n',
      'task/2/syscall': 'running\n',
      'task/4/syscall': '-1 0x7f05 0x7f20\n',
      limits:
        'Limit  Soft Limit  Hard Limit  Units\nMax stack size            8388608              unlimited            bytes\n',
    }
    const found = readThreads(files({ threads: ['1', '2', '3', '4'], texts }))
    expect(found).to.deep.equal({
      count: 4,
      stackPointers: [0x7f05, 0x7f10],
      workers: null,
      defaultStackBytes: 8 * MIB,
    })
  })

  it('counts workers where Node names its threads', () => {
    const texts = { 'task/1/comm': 'V8Worker\n', 'task/2/comm': 'WorkerThread\n', 'task/3/comm': 'node-WorkerThread\n' }
    expect(readThreads(files({ threads: ['1', '2', '3'], texts })).workers).to.equal(2)
  })

  it('knows nothing where the kernel hides them', () => {
    expect(readThreads(files({}))).to.deep.equal({
      count: null,
      stackPointers: [],
      workers: null,
      defaultStackBytes: null,
    })
  })

  it('takes no limit for the size of a stack where there is none', () => {
    const texts = { limits: 'Max stack size            unlimited            unlimited            bytes\n' }
    expect(readThreads(files({ texts })).defaultStackBytes).to.equal(null)
  })
})

describe('cacheBytes()', () => {
  const lastMeasured = { allocatedBytes: 30, heapBytes: 10, mappedBytes: null }

  it('scales what was measured to what is estimated now', () => {
    const found = cacheBytes({ name: 'a', estimatedBytes: 80, lastMeasured })
    expect(found).to.deep.equal({ name: 'a', allocatedBytes: 60, heapBytes: 20, mappedBytes: null })
  })

  it('keeps what was measured where nothing is estimated', () => {
    const found = cacheBytes({ name: 'a', estimatedBytes: null, lastMeasured })
    expect(found).to.deep.equal({ name: 'a', allocatedBytes: 30, heapBytes: 10, mappedBytes: null })
  })

  it('does not know where the bytes of a cache lie that was not measured here', () => {
    const found = cacheBytes({ name: 'a', estimatedBytes: 80, lastMeasured: null })
    expect(found).to.deep.equal({ name: 'a', allocatedBytes: null, heapBytes: null, mappedBytes: null })
  })
})

describe('workerHeaps()', () => {
  const statistics = { total_heap_size: 10 * MIB, used_heap_size: 4 * MIB }

  it('asks every worker, and leaves out those that have ended, hang or cannot be asked', async () => {
    const workers = [
      { threadId: 1, getHeapStatistics: () => Promise.resolve(statistics) },
      { threadId: 2, getHeapStatistics: () => Promise.reject(new Error('ended')) },
      { threadId: 3, getHeapStatistics: () => new Promise<typeof statistics>(() => undefined) },
      { threadId: 4 },
    ]
    expect((await workerHeaps(workers, 20)).map(({ name }) => name)).to.deep.equal(['worker 1'])
  })
})

describe('breakdown()', () => {
  it('refuses what is no coordinator, no heap, or no option', () => {
    expect(() => breakdown({ coordinator: {} as never })).to.throw('ERR_OPTION_TYPE')
    expect(() => breakdown({ isolates: [{ name: 'x', spaces: [{ name: 'y' }] }] as never })).to.throw('isolateHeap()')
    expect(() => breakdown({ isolate: [] } as never)).to.throw('did you mean "isolates"?')
  })

  it('takes heaps that were posted', () => {
    const posted = JSON.parse(JSON.stringify(isolateHeap('worker 9'))) as ReturnType<typeof isolateHeap>
    const [v8] = breakdown({ isolates: [posted, heap('worker 10', { used: 0, size: 0, available: 0 })] }).children ?? []
    expect(v8?.children?.map(({ name }) => name)).to.include.members(['main thread', 'worker 9', 'worker 10'])
  })

  it('tells another process by its mappings, and an error where it is gone', () => {
    expect(breakdownOfProcess(process.pid).bytes).to.be.greaterThan(20 * MIB)
    expect(() => breakdownOfProcess(2 ** 30)).to.throw('ERR_BREAKDOWN_UNAVAILABLE')
  })
})
