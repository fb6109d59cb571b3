import { expect } from 'chai'
import { explainedBy, explainedByGraph, namedByGraph, ownersOfFloor } from '../../helpers/internals/report-discovery.js'
import { formatDiscovery } from '../../../src/twin/index.js'
import type { Discovery } from '../../../src/twin/index.js'
import type { LiveMemory, PackageCost } from '../../helpers/internals/report-discovery.js'
import type { CacheAttribution, MemorySample } from '../../../src/index.js'

const MIB = 1024 * 1024

function liveOf(heap: number, memory: number, used: number, allocated: number | null): LiveMemory {
  return {
    totalBytes: (heap + memory) * MIB,
    heapBytes: heap * MIB,
    memoryBytes: memory * MIB,
    usedHeapBytes: used * MIB,
    allocatedBytes: allocated === null ? null : allocated * MIB,
    ownedBytes: 0,
    restBytes: (heap + memory) * MIB,
  }
}

function discovery(live: LiveMemory | null, packages: readonly PackageCost[] = []): Discovery {
  return {
    owners: [],
    live,
    packages,
    others: { count: 0, totalBytes: 0 },
    noise: { allocatedBytes: 0, heapBytes: 0, mappedBytes: null },
    durationMs: { walking: 1, measuring: 1 },
    warnings: [],
  }
}

const before = (allocated: number | null, heap: number): MemorySample =>
  ({
    allocatedBytes: allocated === null ? null : allocated * MIB,
    heapUsedBytes: heap * MIB,
  }) as unknown as MemorySample

const row = (allocatedBytes: number | null, heapBytes: number): CacheAttribution =>
  ({ released: { allocatedBytes, heapBytes, mappedBytes: null, totalBytes: null } }) as unknown as CacheAttribution

/** With what the allocator does not count, and with Node itself. */
function withNative(live: LiveMemory, mapped: number | null, engine: number | null): LiveMemory {
  return {
    ...live,
    mappedBytes: mapped === null ? null : mapped * MIB,
    engineBytes: engine === null ? null : engine * MIB,
  }
}

describe('explainedBy()', () => {
  it('adds what the rows got back to what the graph reaches, each of its whole', () => {
    const rows = [row(30 * MIB, 10 * MIB), row(null, 20 * MIB)]
    const { explained } = explainedBy(before(50, 60), rows, discovery(liveOf(24, 10, 25, 20)))
    expect(explained).to.deep.equal({ heapShare: 0.9, nativeShare: 0.8 })
  })

  it('is never more than all, and counts no row below nothing', () => {
    const { explained } = explainedBy(before(10, 10), [row(-5 * MIB, -MIB)], discovery(liveOf(12, 4, 12, 10)))
    expect(explained).to.deep.equal({ heapShare: 1, nativeShare: 0.4 })
  })

  it('counts Node itself, and nothing that V8 maps beside the allocator', () => {
    const shareOf = (live: LiveMemory): number | null | undefined =>
      explainedBy(before(20, 30), [], discovery(live)).explained?.nativeShare
    // 80 MiB of WebAssembly are no part of 20 MiB of the allocator.
    expect(shareOf(withNative(liveOf(30, 82, 30, 20), 80, 4))).to.equal(0.3)
    expect(shareOf(withNative(liveOf(30, 82, 30, 20), 80, null))).to.equal(0.1)
    expect(shareOf(withNative(liveOf(30, 82, 30, 20), null, 4))).to.equal(null)
    // Memory that an addon maps is in Buffers, too.
    expect(shareOf(withNative(liveOf(30, 90, 30, 20), 0, 4))).to.equal(1)
  })

  it('says the same of a graph alone', () => {
    const live = withNative(liveOf(27, 10, 30, 20), 4, 4)
    expect(explainedByGraph(live)).to.deep.equal({ heapShare: 0.9, nativeShare: 0.5 })
    expect(namedByGraph(live)).to.deep.equal({ share: 41 / 54, nativeBytes: 10 * MIB, isBeyondNode: true })
  })

  it('takes what was found in native memory for what has a name, and no more than there is', () => {
    const native = { javascriptBytes: 10 * MIB, otherBufferBytes: 2 * MIB, nodeBytes: 5 * MIB, addonBytes: MIB }
    const live = { ...withNative(liveOf(27, 10, 30, 20), 0, 4), native }
    expect(explainedByGraph(live)).to.deep.equal({ heapShare: 0.9, nativeShare: 0.9 })
    // Memory without a JavaScript owner is the same as without it: it has a name all the same.
    expect(namedByGraph(live)).to.deep.equal({ share: 45 / 50, nativeBytes: 6 * MIB, isBeyondNode: true })
    expect(explainedByGraph({ ...live, native: { ...native, nodeBytes: 50 * MIB } }).nativeShare).to.equal(1)
    expect(explainedByGraph({ ...live, native: null }).nativeShare).to.equal(0.7)
  })

  it('is null of what the allocator does not tell', () => {
    expect(explainedBy(before(null, 10), [], discovery(liveOf(5, 1, 6, null))).explained?.nativeShare).to.equal(null)
  })

  it('is absent where the heap was not walked, or an older version walked it', () => {
    const older = { totalBytes: MIB, ownedBytes: 0, restBytes: MIB }
    for (const found of [undefined, discovery(null), discovery(older)]) {
      expect(explainedBy(before(1, 1), [], found)).to.deep.equal({})
    }
    expect(ownersOfFloor(discovery(null))).to.deep.equal({})
    expect(ownersOfFloor(discovery(older))).to.deep.equal({ owners: [] })
  })
})

describe('what the graph explains, as a terminal shows it', () => {
  const shown = (live: LiveMemory, packages?: readonly PackageCost[]): string =>
    formatDiscovery(discovery(live, packages), { color: false })

  it('says the share, and how much native memory has no JavaScript owner', () => {
    const text = shown(liveOf(27, 1, 30, 45))
    expect(text).to.include(
      'of the live 45.00 MiB allocator + 30.00 MiB JS heap, 37.3 % are explained by owner, package or part of the engine',
    )
    expect(text).to.include('native memory without a JavaScript owner: 44.00 MiB, ')
    expect(text).to.include('cache-attribution run --profile')
  })

  it('says whose native memory without a JavaScript owner is, the largest first', () => {
    const native = { javascriptBytes: MIB, otherBufferBytes: 9 * MIB, nodeBytes: 5 * MIB, addonBytes: 20.5 * MIB }
    const live = { ...withNative(liveOf(27, 1, 30, 45), 0, 4), native }
    const costOf = (name: string, bytes: number): PackageCost => ({
      of: 'package',
      package: name,
      totalBytes: 0,
      ownedBytes: 0,
      nativeBytes: bytes,
      kinds: [],
    })
    const text = shown(live, [costOf('sharp', 20 * MIB), costOf('small', 0.5 * MIB)])
    expect(text).to.include(
      "native memory without a JavaScript owner: 40.00 MiB beside Node's own: 20.00 MiB of sharp, 9.00 MiB of Buffers of other threads or of messages under way, 1.00 MiB that only data of Node lead to, such as handles and messages; a heap profile",
    )
    expect(text).to.match(/^sharp .* 20\.00 MiB/m)
    expect(shown({ ...live, native: null })).to.include("beside Node's own; a heap profile")
  })

  it('says that the memory of other threads is among it where their heaps were not walked', () => {
    const warnings = [{ code: 'WARN_DISCOVER_THREADS', message: 'not searched' }] as const
    const text = formatDiscovery({ ...discovery(liveOf(27, 1, 30, 45)), warnings }, { color: false })
    expect(text).to.include("native memory without an owner in this thread's heap: 44.00 MiB, ")
    expect(text).to.include('and the memory of other threads among it')
  })

  it('says nothing of native memory that any process has, or that is not known', () => {
    expect(shown(liveOf(27, 1, 30, 4))).not.to.include('native memory without')
    expect(shown(liveOf(27, 1, 30, null))).to.include('of the live 30.00 MiB JS heap, 90.0 % are explained')
    expect(shown({ totalBytes: MIB, ownedBytes: 0, restBytes: MIB })).not.to.include('explained')
  })

  it('takes mapped Buffers, which the allocator does not count, for no more than there is', () => {
    expect(namedByGraph(liveOf(10, 80, 10, 5))).to.deep.equal({ share: 1, nativeBytes: 0, isBeyondNode: false })
  })

  it('lists packages with what they are made of, and the others in one line', () => {
    const packages = Array.from({ length: 14 }, (_, index): PackageCost => ({
      of: 'package',
      package: `package-${String(index)}`,
      totalBytes: (20 - index) * MIB,
      ownedBytes: MIB,
      kinds: [
        { kind: 'source', totalBytes: (19 - index) * MIB },
        { kind: 'data', totalBytes: MIB },
      ],
    }))
    const lines = shown(liveOf(100, 1, 100, null), [
      {
        of: 'node',
        package: null,
        totalBytes: 30 * MIB,
        ownedBytes: 0,
        kinds: [{ kind: 'data', totalBytes: 30 * MIB }],
      },
      ...packages,
    ]).split('\n')
    const start = lines.indexOf('By package')
    expect(lines[start - 1]).to.equal('')
    expect(lines[start + 3]).to.match(/^Node itself +30\.00 MiB +13\.\d % +0 B +data 30\.00 MiB$/)
    expect(lines[start + 4]).to.match(/^package-0 +20\.00 MiB +9\.\d % +1\.00 MiB +source 19\.00 MiB, data 1\.00 MiB$/)
    expect(lines).to.include('3 more: 24.00 MiB')
  })
})
