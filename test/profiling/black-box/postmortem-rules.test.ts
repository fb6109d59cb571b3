import { expect } from 'chai'
import { cacheGrowth, lastGrowth, runningCode, watchedGroup } from '../../helpers/internals/profiling-black-box.js'

const MIB = 2 ** 20
const levels = (...mib: number[]): { ms: number; bytes: number }[] =>
  mib.map((each, index) => ({ ms: 100 * index, bytes: each * MIB }))

describe('lastGrowth()', () => {
  it('begins where the rise begins, not at an earlier level that was as low', () => {
    expect(lastGrowth(levels(100, 101, 100, 150, 200))).to.deep.equal({
      from: { ms: 200, bytes: 100 * MIB },
      to: { ms: 400, bytes: 200 * MIB },
    })
  })

  it('is none where the end is not clearly above all before it, or nothing was read', () => {
    expect(lastGrowth([])).to.equal(null)
    expect(lastGrowth(levels(100))).to.equal(null)
    expect(lastGrowth(levels(100, 110, 105, 112))).to.equal(null)
    expect(lastGrowth(levels(100, 300, 102))).to.equal(null)
  })

  it('is none where a large process moved by less than a tenth', () => {
    expect(lastGrowth(levels(1000, 1090))).to.equal(null)
    expect(lastGrowth(levels(1000, 1200))).to.not.equal(null)
  })
})

describe('runningCode()', () => {
  const frames = new Map([
    [1, { function: 'alloc', script: 'node:buffer', line: 5, column: 1 }],
    [2, { function: 'set', script: '/app/node_modules/lru-cache/index.js', line: 9, column: 1 }],
    [3, { function: 'fill', script: '/app/server.js', line: 12, column: 1 }],
    [4, { function: 'fill', script: '/app/server.js', line: 14, column: 1 }],
    [5, { function: '', script: '/app/server.js', line: 1, column: 1 }],
    [6, { function: 'estimates', script: '/lib/dist/src/coordinator.js', line: 1, column: 1 }],
  ])
  const stack = (...numbers: number[]): { sequence: number; monoMs: number; frames: number[] } => ({
    sequence: 1,
    monoMs: 1,
    frames: numbers,
  })

  it('names the innermost call of the application, by the line that was met most', () => {
    const { innermost, samples } = runningCode([stack(1, 2, 3, 5), stack(4, 5), stack(3, 5)], frames)
    expect(samples).to.equal(3)
    expect(innermost).to.deep.equal([{ function: 'fill', script: '/app/server.js', line: 12, samples: 3, share: 1 }])
  })

  it('counts a function once a stack, however deep it calls itself', () => {
    const { anywhere } = runningCode([stack(3, 3, 3, 5)], frames)
    expect(anywhere.map(({ function: name, samples }) => [name, samples])).to.deep.equal([
      ['fill', 1],
      ['(anonymous)', 1],
    ])
  })

  it("takes a package's, else Node's, where no call is the application's, and passes over frames that are gone", () => {
    expect(runningCode([stack(1, 2)], frames).innermost[0]?.function).to.equal('set')
    expect(runningCode([stack(1)], frames).innermost[0]?.function).to.equal('alloc')
    expect(runningCode([stack(99)], frames).samples).to.equal(0)
  })

  it("leaves this library's own calls out", () => {
    expect(runningCode([stack(6, 3)], frames, '/lib/').innermost[0]?.function).to.equal('fill')
  })
})

describe('cacheGrowth()', () => {
  const size = (number: number, monoMs: number, entries: number | null, claimedBytes: number | null = null) => ({
    sequence: monoMs,
    monoMs,
    number,
    entries,
    claimedBytes,
    estimatedBytes: null,
    uncertaintyBytes: null,
  })
  const names = new Map([
    [1, 'users'],
    [2, 'pages'],
  ])

  it('compares the last size before the time with the last within it', () => {
    const [first] = cacheGrowth([size(1, 10, 1), size(1, 90, 5), size(1, 150, 70), size(1, 500, 9999)], names, 100, 200)
    expect(first).to.deep.include({ name: 'users', entries: { from: 5, to: 70 }, grownBytes: null, ageMs: 50 })
  })

  it('has first what grew by most bytes, then what grew by most entries', () => {
    const sizes = [size(1, 10, 1, 100), size(2, 10, 1, 0), size(1, 90, 900, 200), size(2, 90, 2, 5000)]
    expect(cacheGrowth(sizes, names, 20, 100).map(({ name }) => name)).to.deep.equal(['pages', 'users'])
    const counted = sizes.map((each) => ({ ...each, claimedBytes: null }))
    expect(cacheGrowth(counted, names, 20, 100).map(({ name }) => name)).to.deep.equal(['users', 'pages'])
  })
})

describe('watchedGroup()', () => {
  const V2: Readonly<Record<string, string>> = {
    '/proc/self/cgroup': '0::/a/b\n',
    '/sys/fs/cgroup/a/b/memory.current': '5\n',
    '/sys/fs/cgroup/a/b/memory.max': 'max\n',
    '/sys/fs/cgroup/a/memory.current': '50\n',
    '/sys/fs/cgroup/a/memory.max': '1000\n',
  }
  const V1: Readonly<Record<string, string>> = {
    '/proc/self/cgroup': '5:memory:/a\n',
    '/sys/fs/cgroup/memory/a/memory.usage_in_bytes': '5\n',
    '/sys/fs/cgroup/memory/a/memory.limit_in_bytes': '1000\n',
  }

  it('is the one with the least limit, in the words of its version', () => {
    const [v2, v1, none] = [V2, V1, {} as Readonly<Record<string, string>>].map((files) =>
      watchedGroup((file) => files[file] ?? null),
    )
    expect(v2).to.deep.include({ isV2: true })
    expect(v2?.files[0]).to.equal('/sys/fs/cgroup/a/memory.current')
    expect(v2?.files[4]).to.equal('/sys/fs/cgroup/a/memory.pressure')
    expect(v1).to.deep.include({ isV2: false })
    expect(v1?.files[3]).to.equal('/sys/fs/cgroup/memory/a/memory.failcnt')
    expect(none?.files.filter((file) => file !== '')).to.deep.equal(['/proc/pressure/memory'])
  })
})
